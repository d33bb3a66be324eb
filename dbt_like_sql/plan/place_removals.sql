-- Removals of members and pending members of classes, each with the school of the class, and whether the class and the
-- school end too.
with members as (
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

ending_rosters as (
    select
        section_id,
        school_id,
        school_id in (select school_id from changes.schools where op = 'end') as is_school_ending
    from changes.rosters
    where op = 'end'
)

select
    member.entity,
    member.change_id,
    case member.entity when 'roster_students' then 'enrollments' when 'roster_teachers' then 'class_teachers' end as part,
    member.role,
    coalesce(ending.school_id, roster.school_id) as school_id,
    member.section_id,
    member.account_id,
    member.clever_id,
    ending.section_id is not null as is_roster_ending,
    ending.is_school_ending
from members as member
left join ending_rosters as ending on ending.section_id = member.section_id
left join baseline.rosters as roster on roster.section_id = member.section_id
