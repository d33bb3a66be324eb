-- The plan of which the last published sync held a part, unless a sync has applied that part since.
-- `plan` is the name that the command `holds` shows.
select
    left(hold.plan_digest, 12) as plan,
    array_agg(hold.id order by hold.id) as hold_ids,
    hold.sync_id,
    hold.state,
    array_agg(distinct hold.reason) as reasons,
    max(hold.decided_by) as decided_by,
    max(hold.decided_at) as decided_at,
    sync.counts -> 'leaves' as impact
from roster.holds as hold
inner join roster.syncs as sync on sync.id = hold.sync_id
where hold.organization_id = :organization_id
    and hold.state in ('open', 'approved', 'rejected')
    and hold.applied_sync_id is null
    and hold.sync_id = (
        select max(id) from roster.syncs
        where organization_id = :organization_id
            and state in ('published', 'held', 'undone')
            and mode not in ('resolve', 'undo')
    )
group by hold.plan_digest, hold.sync_id, hold.state, sync.id
