-- Removals that are held because another removal is held. A school that would end is held as a whole if a member or a
-- class of it is held. A person who would leave the district is held as a whole if any removal of the person is held.
with held_schools as (
    select school_id
    from plan.holdable_changes
    where is_held and is_school_ending and entity in ('schools', 'school_memberships', 'rosters')
),

with_schools as (
    select
        *,
        is_held or (is_school_ending and school_id in (select school_id from held_schools)) as is_held_with_school
    from plan.holdable_changes
),

held_people as (
    select account_id
    from with_schools
    where is_held_with_school and is_person_gone
)

select
    entity,
    change_id
from with_schools
where not is_held
    and (is_held_with_school or (entity <> 'accounts' and account_id in (select account_id from held_people)))
