-- Rows that the plan removes without approval, by part. The threshold `window_removals` counts them for seven days.
select
    part,
    count(*) as removals
from plan.holdable_changes inner join plan.parts as parts using (part)
where part <> 'names_and_emails' and not is_held
group by part
