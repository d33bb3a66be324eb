-- Schools that lose something if the hold is approved: students, teachers and classes, the largest loss first.
with held_members as (
    select
        school_id,
        count(*) as people,
        count(*) filter (where role = 'student') as students,
        count(*) filter (where role = 'teacher') as teachers
    from changes.school_memberships
    where op = 'end' and held
    group by school_id
),

held_classes as (
    select school_id, count(*) as classes
    from changes.rosters
    where op = 'end' and held
    group by school_id
)

select
    school.school_id,
    school.name,
    coalesce(member.students, 0) as students,
    coalesce(member.teachers, 0) as teachers,
    coalesce(class.classes, 0) as classes_archived
from current.schools as school
left join held_members as member on member.school_id = school.school_id
left join held_classes as class on class.school_id = school.school_id
where member.school_id is not null
    or class.school_id is not null
    or school.school_id in (select school_id from changes.schools where op = 'end' and held)
order by member.people desc nulls last, class.classes desc nulls last, school.school_id
