-- Schools that lose more than their share of classes, members or places in classes (docs/rules.md R5.6).
with removals as (
    select part, school_id, count(*) as removals
    from plan.holdable_changes
    where part in ('rosters', 'students_in_schools', 'teachers_in_schools', 'enrollments', 'class_teachers')
        and not is_held
    group by part, school_id
),

counted as (
    select removals.part, removals.school_id, removals.removals
    from removals inner join plan.limits on removals.removals >= limits.school_at_least
),

rosters as (
    select section_id, school_id
    from baseline.rosters semi join counted using (school_id)
),

school_rows as (
    select 'rosters' as part, school_id from baseline.rosters where not is_ended and not is_native
    union all
    select role || 's_in_schools' as part, school_id from baseline.school_memberships where not is_ended and not is_native
    union all
    select 'enrollments' as part, rosters.school_id
    from baseline.roster_students as member inner join rosters using (section_id)
    where not member.is_ended and not member.is_native
    union all
    select 'class_teachers' as part, rosters.school_id
    from baseline.roster_teachers as member inner join rosters using (section_id)
    where not member.is_ended and not member.is_native
),

schools as (
    select part, school_id, count(*) as row_count
    from school_rows semi join counted using (part, school_id)
    group by part, school_id
)

select
    parts.step,
    part,
    school_id as unit,
    false as is_gone_only,
    counted.removals,
    schools.row_count,
    limits.school_removals as share
from counted
inner join schools using (part, school_id)
inner join plan.parts as parts using (part)
-- In binary, 50 * 0.58 is slightly below 29. Without the addend, exactly 58 % would cross a limit of 58 %.
inner join plan.limits on counted.removals > schools.row_count * limits.school_removals + 1e-9
