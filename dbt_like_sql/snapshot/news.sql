-- The syncs that the snapshot has not seen, with each district that they concern. `is_first` says that the sync is the
-- first one of all its districts.
-- PostgreSQL. A sync that was killed may be closed after a later one. A correction may move a person from another
-- district, which it concerns too.
with unseen as (
    select scope.organization_id, sync.id as sync_id, sync.mode, sync.finished_at as published_at
    from scope
    join roster.syncs as sync on sync.organization_id = scope.organization_id
    left join roster.syncs as last on last.id = scope.last
    where
        sync.state <> 'running'
        and sync.finished_at is not null
        and (scope.last is null or sync.id > scope.last or sync.finished_at > last.finished_at)
    union
    select scope.organization_id, sync.id, sync.mode, sync.finished_at
    from roster.syncs as sync
    join scope as own on own.organization_id = sync.organization_id
    left join roster.syncs as last on last.id = own.last
    cross join lateral jsonb_array_elements_text(sync.counts -> 'from_organizations') as other (organization_id)
    join scope on scope.organization_id = other.organization_id::bigint
    where
        sync.mode in ('resolve', 'undo')
        and sync.state <> 'running'
        and (
            scope.last is null or own.last is null or sync.id > own.last or sync.finished_at > last.finished_at
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
    bool_and(is_first_of_district) over (partition by sync_id) as is_first
from ranked
