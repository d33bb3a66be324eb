-- What the syncs that the snapshot has not seen wrote: the row as it became, or as it was before it was deleted.
-- PostgreSQL. `last` is the newest sync of the district that the snapshot has. A sync that was killed may be closed after
-- a later one.
select
    entity,
    coalesce(after, before) as content,
    -- The row was archived or restored.
    before ->> 'archived_at' is distinct from after ->> 'archived_at' as is_moved
from roster.changes
where sync_id in (
    select id from roster.syncs
    where
        organization_id = %(organization_id)s
        and (id > %(last)s or finished_at > (select finished_at from roster.syncs where id = %(last)s))
)
