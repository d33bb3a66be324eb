-- The rows that the unseen syncs wrote. `next_at` is when a later one wrote the same row. `has_before` marks the first
-- change of a row, unless nothing was published before it in the time that is read.
-- PostgreSQL.
with unseen as (
    select distinct sync_id, published_at, is_first from news
),

writes as (
    select
        change.entity,
        change.sync_id,
        change.seq,
        unseen.published_at,
        unseen.is_first,
        coalesce(change.after, change.before) as content,
        -- The row was archived or restored, or moved from or to Clever Library.
        change.before ->> 'archived_at' is distinct from change.after ->> 'archived_at'
        or change.before ->> 'organization_id' is distinct from change.after ->> 'organization_id' as is_moved,
        lead(unseen.published_at) over same_row as next_at,
        row_number() over same_row as place
    from roster.changes as change
    join unseen on unseen.sync_id = change.sync_id
    where
        change.entity in (
            'schools', 'accounts', 'identity_links', 'org_memberships', 'school_memberships', 'rosters',
            'roster_teachers', 'roster_students', 'terms', 'courses'
        )
    window same_row as (
        -- The hash is much faster to sort by than the key.
        partition by change.entity, jsonb_hash_extended(change.key, 0), change.key
        order by unseen.published_at, change.sync_id, change.seq
    )
)

select
    entity,
    sync_id,
    seq,
    published_at,
    next_at,
    place = 1 and not is_first as has_before,
    is_moved,
    (content ->> 'id')::bigint as id,
    (content ->> 'organization_id')::bigint as organization_id,
    (content ->> 'account_id')::bigint as account_id,
    (content ->> 'roster_id')::bigint as roster_id,
    (content ->> 'school_id')::bigint as school_id
from writes
