-- The syncs that the snapshot has not seen, with each district that they concern. `is_first` says that the sync is the
-- first one of all its districts, and `is_erased` that its journal was erased.
-- PostgreSQL. A sync that was killed may be closed after a later one, and a correction may have a later number and an
-- earlier end than the sync that it is a part of. A correction may move a person from another district, which it concerns
-- too. A sync that a wrong clock dated ahead is dated as `passes/dated_syncs.sql` does.
with dated as (
    select
        sync.id,
        sync.organization_id,
        sync.mode,
        sync.counts,
        sync.journal_erased_at is not null as is_erased,
        least(
            sync.finished_at,
            min(sync.started_at) filter (where sync.mode not in ('resolve', 'undo')) over later_syncs
        ) as published_at,
        own.last,
        own.last_end
    from scope as own
    join roster.syncs as sync on sync.organization_id = own.organization_id
    where sync.state <> 'running' and sync.finished_at is not null
    window later_syncs as (
        partition by sync.organization_id order by sync.id rows between 1 following and unbounded following
    )
),

unseen as (
    select organization_id, id as sync_id, mode, published_at, is_erased
    from dated
    where last is null or id > last or published_at > last_end
    union
    select scope.organization_id, dated.id, dated.mode, dated.published_at, dated.is_erased
    from dated
    cross join lateral jsonb_array_elements_text(dated.counts -> 'from_organizations') as other (organization_id)
    join scope on scope.organization_id = other.organization_id::bigint
    where
        dated.mode in ('resolve', 'undo')
        and (scope.last is null or dated.last_end is null or dated.id > dated.last or dated.published_at > dated.last_end)
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
