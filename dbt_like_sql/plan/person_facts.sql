-- One row for each fact about a person that people count. A student who joins is one fact, however many rows change.
-- `follows` is true if the fact results from another one. A person who joins also gets a new account, for example.
-- `grain` is 0 for the district and 3 for facts that are finer than a class. Rows with the same `key` are counted once.
with members as (
    select coalesce(account_id::varchar, clever_id) as person, role, op, held
    from changes.org_memberships
),

accounts as (
    select
        coalesce(account_id::varchar, clever_id) as person,
        role,
        held,
        unnest(case
            when op = 'insert' then ['joined']
            when op = 'restore' then ['returned']
            when account_id in (select account_id from changes.identity_links) then ['linked to an account that was there']
            when email is distinct from was_email
                and (first_name, last_name) is distinct from (was_first_name, was_last_name) then ['name', 'email']
            when email is distinct from was_email then ['email']
            when (first_name, last_name) is distinct from (was_first_name, was_last_name) then ['name']
            else ['otherwise changed']
        end) as became
    from changes.accounts
),

moved_people as (
    select held, person from members where op <> 'update'
)

select
    0 as grain, false as follows, role as noun, person as key, person, held,
    case op when 'insert' then 'joined' when 'restore' then 'returned' when 'end' then 'left'
        else 'in another role' end as became
from members
union all by name
select
    3 as grain, (held, person) in (from moved_people) as follows, person as key, person, held,
    if(became in ('name', 'email'), role || ' ' || became, role) as noun,
    if(became in ('name', 'email'), 'changed', became) as became
from accounts
union all by name
select
    3 as grain, 'person' as noun, person as key, person, held, 'linked to an account that was there' as became,
    (held, person) in (select held, person from members union all select held, person from accounts) as follows
from (select held, coalesce(account_id::varchar, clever_id) as person from changes.identity_links)
union all by name
select
    3 as grain, false as follows, 'review' as noun, concat_ws('/', clever_id, reason, account_id) as key,
    clever_id as person, account_id::varchar as account, held, if(op = 'end', 'closed', 'opened') as became
from changes.reviews
