-- Parts of the district that lose more than their share of rows within seven days (docs/rules.md R5.8). The rows that
-- were removed in these days are added to the removals and to the total.
with removals as (
    select part, count(*) as removals
    from plan.holdable_changes
    where part <> 'names_and_emails' and not is_held
    group by part
),

week as (
    select
        part,
        removals.removals + recent.removals as removals,
        coalesce(counts.row_count, 0) + recent.removals as row_count
    from removals
    inner join plan.recent_removals as recent using (part)
    left join plan.baseline_counts as counts using (part)
    where recent.removals > 0
)

select
    parts.step,
    part,
    null::varchar as unit,
    false as is_gone_only,
    week.removals,
    week.row_count,
    limits.window_removals as share
from week
inner join plan.parts as parts using (part)
-- In binary, 50 * 0.58 is slightly below 29. Without the addend, exactly 58 % would cross a limit of 58 %.
inner join plan.limits on week.removals > week.row_count * limits.window_removals + 1e-9
