-- Changes that a threshold can hold: every removal, and every update of a name or an email. `change_id` is the row in
-- `changes.<entity>`. `part` is the part of the plan that counts the change; a change without a part is held with others.
with ending_schools as (
    select school_id from changes.schools where op = 'end'
),

ending_rosters as (
    select
        section_id,
        school_id,
        coalesce(school_id in (select school_id from ending_schools), false) as is_school_ending
    from changes.rosters
    where op = 'end'
),

places as (
    select 'roster_students' as entity, rowid as change_id, 'student' as role, section_id, account_id, clever_id
    from changes.roster_students
    where op = 'end'
    union all
    select 'roster_teachers' as entity, rowid as change_id, 'teacher' as role, section_id, account_id, clever_id
    from changes.roster_teachers
    where op = 'end'
    union all
    select 'pending_members' as entity, rowid as change_id, role, section_id, null as account_id, clever_id
    from changes.pending_members
    where op = 'end'
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
        ending.school_id,
        section_id,
        true as is_roster_ending,
        ending.is_school_ending
    from changes.rosters inner join ending_rosters as ending using (section_id)
    where op = 'end'
    union all by name
    select
        place.entity,
        place.change_id,
        case place.entity when 'roster_students' then 'enrollments' when 'roster_teachers' then 'class_teachers' end as part,
        place.role,
        coalesce(ending.school_id, roster.school_id) as school_id,
        place.section_id,
        place.account_id,
        place.clever_id,
        ending.section_id is not null as is_roster_ending,
        ending.is_school_ending
    from places as place
    left join ending_rosters as ending on ending.section_id = place.section_id
    left join baseline.rosters as roster on roster.section_id = place.section_id
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
    -- The feed is asked, because no change tells of a membership that is native or an admin's.
    entity in ('org_memberships', 'school_memberships', 'roster_teachers', 'roster_students')
    and coalesce(clever_id not in (select clever_id from marts.org_memberships), true) as is_person_gone,
    section_id in (select section_id from places where entity = 'roster_students') as has_students_leaving,
    section_id in (select section_id from places where entity = 'roster_teachers') as has_teachers_leaving,
    false as is_held
from removals
