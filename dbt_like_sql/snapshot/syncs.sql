-- Syncs that have ended.
-- PostgreSQL. The file keeps the present row alone.
select
    touched.organization_id,
    sync.id,
    sync.mode,
    sync.trigger,
    sync.state,
    sync.started_at,
    sync.finished_at,
    sync.counts,
    sync.uid::text as uid,
    sync.finished_at as valid_from,
    sync.id as sync_id
from touched_syncs as touched
join roster.syncs as sync on sync.id = touched.id
where sync.state <> 'running'
