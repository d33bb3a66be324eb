-- Whether too many people of the district would get another name or email (docs/rules.md R5.9).
with updates as (
    select part, count(*) as updates
    from plan.holdable_changes
    where part = 'names_and_emails' and not is_held
    group by part
)

select
    9 as step,
    part,
    null::varchar as unit,
    false as is_gone_only,
    updates.updates as removals,
    coalesce(counts.row_count, 0) as row_count,
    limits.district_updates as share
from updates
left join plan.baseline_counts as counts using (part)
-- In binary, 50 * 0.58 is slightly below 29. Without the addend, exactly 58 % would cross a limit of 58 %.
inner join plan.limits on updates.updates > coalesce(counts.row_count, 0) * limits.district_updates + 1e-9
