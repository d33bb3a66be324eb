-- Accounts that leave the district, schools or classes if the hold is approved. The answer of a command shows them. They
-- are stored nowhere.
with held_places as (
    select account_id, 'district' as place from changes.org_memberships where op = 'end' and held
    union all
    select account_id, 'schools' as place from changes.school_memberships where op = 'end' and held
    union all
    select account_id, 'classes' as place from changes.roster_teachers where op = 'end' and held
    union all
    select account_id, 'classes' as place from changes.roster_students where op = 'end' and held
)

select
    any_value(account.linked_clever_id) as clever_id,
    any_value(account.role) as role,
    any_value(account.first_name) as first_name,
    any_value(account.last_name) as last_name,
    bool_or(held_places.place = 'district') as leaves_the_district,
    count(*) filter (where held_places.place = 'schools') as schools,
    count(*) filter (where held_places.place = 'classes') as classes
from held_places
inner join current.accounts as account on account.account_id = held_places.account_id
group by held_places.account_id
order by leaves_the_district desc, role, last_name, first_name, clever_id
