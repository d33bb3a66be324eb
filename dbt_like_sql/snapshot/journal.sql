-- The rows that the unseen syncs wrote. `next_at` is when a later one wrote the same row. `has_before` marks the first
-- change of a row, unless nothing was published before it in the time that is read.
-- PostgreSQL.
with unseen as (
    select distinct sync_id, published_at, is_first from news
),

entries as (
    select
        change.entity,
        change.sync_id,
        change.seq,
        change.key,
        unseen.published_at,
        unseen.is_first,
        -- The content is large, so it is read where the key does not have the ids, and is not in the sort below.
        case
            when change.entity in (
                'accounts', 'org_memberships', 'school_memberships', 'roster_teachers', 'roster_students'
            ) then change.key
            else coalesce(change.after, change.before)
        end as ids,
        -- The row was archived or restored, or moved from or to Clever Library.
        change.entity in ('rosters', 'schools')
        and (
            change.before ->> 'archived_at' is distinct from change.after ->> 'archived_at'
            or change.before ->> 'organization_id' is distinct from change.after ->> 'organization_id'
        ) as is_moved
    from roster.changes as change
    join unseen on unseen.sync_id = change.sync_id
    where
        change.entity in (
            'schools', 'accounts', 'identity_links', 'org_memberships', 'school_memberships', 'rosters',
            'roster_teachers', 'roster_students', 'terms', 'courses'
        )
),

numbered as (
    select
        entity,
        sync_id,
        seq,
        key,
        published_at,
        is_first,
        is_moved,
        (ids ->> 'id')::bigint as id,
        (ids ->> 'organization_id')::bigint as organization_id,
        (ids ->> 'account_id')::bigint as account_id,
        (ids ->> 'roster_id')::bigint as roster_id,
        (ids ->> 'school_id')::bigint as school_id
    from entries
)

select
    entity,
    sync_id,
    seq,
    published_at,
    lead(published_at) over same_row as next_at,
    row_number() over same_row = 1 and not is_first as has_before,
    is_moved,
    id,
    organization_id,
    account_id,
    roster_id,
    school_id
from numbered
window same_row as (
    -- The hash is much faster to sort by than the key and the name.
    partition by jsonb_hash_extended(key, 0), key, entity
    order by published_at, sync_id, seq
)
