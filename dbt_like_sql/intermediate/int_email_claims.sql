-- Emails that linked people change to, and whether another account keeps the email. An email is free if its holder moves
-- to another email in the same sync. So two people can swap emails, and a chain of moves works in any order of the rows
-- (docs/rules.md R2.23).
with recursive compared as (
    select
        person.*,
        own.account_id,
        own.email as own_email,
        own.clever_email as own_clever_email,
        holder.account_id as holder_id,
        holder.linked_clever_id as holder_clever_id,
        -- Null if one of the two is missing. A missing name or email does not count as different (docs/rules.md R6.7).
        fold_name(own.first_name) <> fold_name(person.first_name) as first_name_differs,
        fold_name(own.last_name) <> fold_name(person.last_name) as last_name_differs,
        own.clever_email <> person.email as email_differs,
        -- An open review stands until a name or the email agrees again. A missing value does not close it.
        person.clever_id in (
            select clever_id from current.reviews where reason = 'recycled_id' and not is_native and not is_ended
        ) as has_open_review
    from intermediate.int_people as person
    left join current.accounts as own
        on own.linked_clever_id = person.clever_id and own.is_linked_here
    left join current.accounts as holder
        on holder.email = person.email and person.email_is_valid
),

claims as (
    select
        clever_id,
        email,
        email_is_valid,
        email_carriers,
        account_id,
        own_email,
        own_clever_email is distinct from email as is_email_changed,
        holder_id,
        holder_clever_id,
        coalesce(email_is_valid and email_carriers = 1, false) as is_claimable,
        -- If first name, last name and email of a linked person all change at once, the id may belong to another person
        -- (docs/rules.md R2.18).
        account_id is not null
        and coalesce(first_name_differs, has_open_review)
        and coalesce(last_name_differs, has_open_review)
        and coalesce(email_differs, has_open_review) as is_recycled,
        -- A partially read person also keeps the values of the account.
        coalesce(is_recycled or (is_partially_read and account_id is not null), false) as is_frozen
    from compared
),

email_keepers as (
    -- Linked people whose accounts keep their email in this sync.
    select clever_id
    from claims
    where account_id is not null
        and (is_frozen or (email is not null and not is_claimable) or email = own_email)
),

blocked as (
    select claims.clever_id
    from claims
    left join claims as holder_claim on holder_claim.clever_id = claims.holder_clever_id
    where claims.is_claimable
        and claims.holder_id is distinct from claims.account_id
        and claims.holder_id is not null
        and (
            holder_claim.account_id is null
            or holder_claim.clever_id in (select clever_id from email_keepers)
        )
    union
    select claims.clever_id
    from claims
    inner join blocked on claims.holder_clever_id = blocked.clever_id
    where claims.is_claimable and claims.holder_id is distinct from claims.account_id
)

select
    *,
    clever_id in (select clever_id from blocked) as is_blocked
from claims
