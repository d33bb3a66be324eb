-- Parts of the district that lose more than their share of rows in one sync (docs/rules.md R5.7).
with removals as (
    select part, count(*) as removals
    from plan.holdable_changes
    where part <> 'names_and_emails' and not is_held
    group by part
)

select
    parts.step,
    part,
    null::varchar as unit,
    false as is_gone_only,
    removals.removals,
    coalesce(counts.row_count, 0) as row_count,
    limits.district_removals as share
from removals
inner join plan.parts as parts using (part)
left join plan.baseline_counts as counts using (part)
-- In binary, 50 * 0.58 is slightly below 29. Without the addend, exactly 58 % would cross a limit of 58 %.
inner join plan.limits on removals.removals > coalesce(counts.row_count, 0) * limits.district_removals + 1e-9
