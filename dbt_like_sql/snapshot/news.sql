-- The syncs that the snapshot has not seen, with each district that they concern. `is_first` says that the sync is the
-- first one of all its districts, and `is_erased` that its journal was erased.
-- PostgreSQL. A sync that was killed may be closed after a later one, and a correction may have a later number and an
-- earlier end than the sync that it is a part of. A correction may move a person from another district, which it concerns
-- too.
with unseen as (
    select
        scope.organization_id,
        sync.id as sync_id,
        sync.mode,
        sync.finished_at as published_at,
        sync.journal_erased_at is not null as is_erased
    from scope
    join roster.syncs as sync on sync.organization_id = scope.organization_id
    where
        sync.state <> 'running'
        and sync.finished_at is not null
        and (scope.last is null or sync.id > scope.last or sync.finished_at > scope.last_end)
    union
    select scope.organization_id, sync.id, sync.mode, sync.finished_at, sync.journal_erased_at is not null
    from roster.syncs as sync
    join scope as own on own.organization_id = sync.organization_id
    cross join lateral jsonb_array_elements_text(sync.counts -> 'from_organizations') as other (organization_id)
    join scope on scope.organization_id = other.organization_id::bigint
    where
        sync.mode in ('resolve', 'undo')
        and sync.state <> 'running'
        and (
            scope.last is null or own.last_end is null or sync.id > own.last or sync.finished_at > own.last_end
        )
),

ranked as (
    select
        unseen.*,
        published_at = min(published_at) over (partition by organization_id) as is_first_of_district
    from unseen
)

select
    organization_id,
    sync_id,
    mode,
    published_at,
    is_erased,
    bool_and(is_first_of_district) over (partition by sync_id) as is_first
from ranked
