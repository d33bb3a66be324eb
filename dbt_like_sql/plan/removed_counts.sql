-- Rows that the plan removes without approval, by part. The threshold `window_removals` of the next seven days counts them.
select
    part,
    count(*) as removals
from plan.holdable_changes
where part <> 'names_and_emails' and not is_held
group by part
