-- Removals that are held, by part and by school or class, beside the rows that were there before. The sentence of a hold
-- says these numbers. `part` is what people read: a student who leaves the district and a school is one of `students`.
with held as (
    select
        case
            when entity = 'school_memberships' then role || if(is_person_gone, 's', 's_in_schools')
            when entity = 'roster_students' and not is_roster_ending and not is_person_gone then 'enrollments'
            when entity = 'roster_teachers' and not is_roster_ending and not is_person_gone then 'class_teachers'
            when entity = 'rosters' then 'rosters'
        end as part,
        entity,
        role,
        if(entity in ('roster_students', 'roster_teachers'), section_id, school_id) as unit
    from plan.holdable_changes
    where is_held
),

units as (
    select part, entity, role, unit, count(*) as removals
    from held
    where part is not null
    group by all
),

unit_rows as (
    select 'school_memberships' as entity, role, school_id as unit, count(*) as row_count
    from baseline.school_memberships where not is_ended and not is_native group by all
    union all
    select 'rosters' as entity, null as role, school_id as unit, count(*) as row_count
    from baseline.rosters where not is_ended and not is_native group by all
    union all
    select 'roster_students' as entity, 'student' as role, section_id as unit, count(*) as row_count
    from baseline.roster_students where not is_ended and not is_native group by all
    union all
    select 'roster_teachers' as entity, 'teacher' as role, section_id as unit, count(*) as row_count
    from baseline.roster_teachers where not is_ended and not is_native group by all
)

select
    units.part,
    units.unit,
    coalesce(school.name, class.name) as name,
    units.removals,
    coalesce(unit_rows.row_count, 0) as row_count
from units
left join unit_rows
    on unit_rows.entity = units.entity
    and unit_rows.unit = units.unit
    and unit_rows.role is not distinct from units.role
left join current.schools as school on school.school_id = units.unit
left join current.rosters as class on class.section_id = units.unit
order by units.part, units.unit
