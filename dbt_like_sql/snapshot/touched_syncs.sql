-- Syncs that the snapshot has not seen, and the syncs that they undo.
-- PostgreSQL. An undo changes the state of the sync that it undoes. If that one is an undo too, the one before it changes
-- as well, and so on.
with recursive touched as (
    select id, mode, counts
    from roster.syncs
    where
        organization_id = %(organization_id)s
        and (id > %(last)s or finished_at > (select finished_at from roster.syncs where id = %(last)s))
    union all
    select undone.id, undone.mode, undone.counts
    from touched
    join roster.syncs as undone on touched.mode = 'undo' and undone.id = (touched.counts ->> 'undoes')::bigint
)

select distinct id from touched
