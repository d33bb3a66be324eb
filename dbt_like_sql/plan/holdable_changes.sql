-- Changes that a threshold can hold: every removal, and every update of a name or an email. `change_id` is the row in
-- `changes.<entity>`. `part` is the part of the plan that counts the change. A change without a part counts for no threshold,
-- and is held with its school, class or person.
with ending_schools as (
    select school_id from changes.schools where op = 'end'
),

removals as (
    select 'schools' as entity, rowid as change_id, 'schools' as part, school_id, true as is_school_ending
    from changes.schools
    where op = 'end'
    union all by name
    select 'org_memberships' as entity, rowid as change_id, role || 's' as part, role, account_id, clever_id
    from changes.org_memberships
    where op = 'end'
    union all by name
    select
        'school_memberships' as entity,
        rowid as change_id,
        role || 's_in_schools' as part,
        role,
        school_id,
        account_id,
        clever_id,
        school_id in (select school_id from ending_schools) as is_school_ending
    from changes.school_memberships
    where op = 'end'
    union all by name
    select
        'rosters' as entity,
        rowid as change_id,
        'rosters' as part,
        school_id,
        section_id,
        true as is_roster_ending,
        school_id in (select school_id from ending_schools) as is_school_ending
    from changes.rosters
    where op = 'end'
    union all by name
    from plan.place_removals
    union all by name
    select 'accounts' as entity, change_id, if(is_counted, 'names_and_emails', null) as part, account_id
    from plan.identity_updates
)

select
    entity,
    change_id,
    part,
    role,
    school_id,
    section_id,
    account_id,
    coalesce(is_school_ending, false) as is_school_ending,
    coalesce(is_roster_ending, false) as is_roster_ending,
    -- A person is gone if the feed lacks the person. `changes` cannot tell, because it omits native memberships and admins.
    entity in ('org_memberships', 'school_memberships', 'roster_teachers', 'roster_students')
    and coalesce(clever_id not in (select clever_id from marts.org_memberships), true) as is_person_gone,
    section_id in (select section_id from changes.roster_students where op = 'end') as has_students_leaving,
    section_id in (select section_id from changes.roster_teachers where op = 'end') as has_teachers_leaving,
    false as is_held
from removals
