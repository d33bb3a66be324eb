-- Syncs that have ended.
-- PostgreSQL.
select id, mode, trigger, state, started_at, finished_at, counts, uid::text as uid
from roster.syncs
where
    organization_id = %(organization_id)s
    and state <> 'running'
    and id in (select id from touched_syncs) -- partial
