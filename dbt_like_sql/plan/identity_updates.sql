-- Updates of linked accounts that the threshold `district_updates` can hold (docs/rules.md R5.9). `is_counted` is true
-- where a name or an email differs. A missing value is not a different one (docs/rules.md R6.7). Neither is the first
-- letter of a last name, which is all that Clever Library gives (docs/rules.md R3.13).
select
    change.rowid as change_id,
    change.account_id,
    change.account_id in (select account_id from current.org_memberships where not is_ended)
    and coalesce(
        nullif(trim(change.first_name), '') <> nullif(trim(change.was_first_name), '')
        or (
            nullif(trim(change.last_name), '') <> nullif(trim(change.was_last_name), '')
            and trim(change.was_last_name) <> left(trim(change.last_name), 1)
        )
        or nullif(trim(change.email), '') <> nullif(trim(change.was_email), ''),
        false
    ) as is_counted
from changes.accounts as change
where change.op = 'update'
    and change.account_id in (select account_id from current.accounts where is_linked_here)
    -- An account that had no email and receives one is not held, unless its name changes too.
    and not (
        change.was_email is null
        and change.email is not null
        and (change.first_name, change.last_name) is not distinct from (change.was_first_name, change.was_last_name)
    )
