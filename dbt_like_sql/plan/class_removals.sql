-- Classes that lose more than their share of students (docs/rules.md R5.5). The students of a class that ends are
-- not counted here, because the end of the class is counted as the removal of a class. Only for a Library teacher they
-- count (`plan.missing_sections`), because no other threshold applies.
with removals as (
    select section_id, count(*) as removals
    from plan.holdable_changes
    where part = 'enrollments'
        and not is_held
        and (not is_roster_ending or section_id in (select section_id from plan.missing_sections))
    group by section_id
),

counted as (
    select removals.section_id, removals.removals
    from removals inner join plan.limits on removals.removals >= limits.class_at_least
),

classes as (
    select section_id, count(*) as row_count
    from baseline.roster_students semi join counted using (section_id)
    where not is_ended and not is_native
    group by section_id
)

select
    7 as step,
    'enrollments' as part,
    section_id as unit,
    false as is_gone_only,
    counted.removals,
    classes.row_count,
    limits.class_removals as share
from counted
inner join classes using (section_id)
-- In binary, 50 * 0.58 is slightly below 29. Without the addend, exactly 58 % would cross a limit of 58 %.
inner join plan.limits on counted.removals > classes.row_count * limits.class_removals + 1e-9
