-- Classes that are archived or lose students if the hold is approved, the largest loss first.
with held_students as (
    select section_id, count(*) as students
    from changes.roster_students
    where op = 'end' and held
    group by section_id
),

held_classes as (
    select section_id from changes.rosters where op = 'end' and held
)

select
    class.name,
    class.school_id,
    school.name as school,
    coalesce(member.students, 0) as students,
    class.section_id in (select section_id from held_classes) as archived
from current.rosters as class
left join current.schools as school on school.school_id = class.school_id
left join held_students as member on member.section_id = class.section_id
where member.section_id is not null
    or class.section_id in (select section_id from held_classes)
order by students desc, class.section_id
