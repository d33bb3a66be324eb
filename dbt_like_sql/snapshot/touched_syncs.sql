-- Syncs that the snapshot has not seen, and the syncs that they undo.
-- PostgreSQL. An undo changes the state of the sync that it undoes. If that one is an undo too, the one before it changes
-- as well, and so on.
with recursive touched as (
    select sync.organization_id, sync.id, sync.mode, sync.counts
    from news
    join roster.syncs as sync
        on sync.id = news.sync_id
        and sync.organization_id = news.organization_id
    union all
    select undone.organization_id, undone.id, undone.mode, undone.counts
    from touched
    join roster.syncs as undone on touched.mode = 'undo' and undone.id = (touched.counts ->> 'undoes')::bigint
)

select distinct organization_id, id from touched
