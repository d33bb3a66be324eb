-- The versions of rows that a file shall have. Versions that follow each other with the same content are one version.
-- DuckDB. A version begins at the first unseen sync of its district at the earliest. `valid_to` is null for the present
-- one. Most rows have one version, which is compared with no other.
with clamped as materialized (
    select
        windows.district_id,
        row_versions.row_key,
        row_versions.content,
        greatest(row_versions.valid_from, windows.began_at) as valid_from,
        row_versions.valid_to
    from row_versions
    join windows on windows.organization_id = row_versions.organization_id
    where row_versions.valid_to > windows.began_at
),

changing as (
    select district_id, row_key from clamped group by district_id, row_key having count(*) > 1
),

marked as (
    select
        clamped.*,
        clamped.valid_from is distinct from lag(clamped.valid_to) over same_row
        or clamped.content is distinct from lag(clamped.content) over same_row as is_new
    from clamped
    semi join changing
        on changing.district_id = clamped.district_id
        and changing.row_key = clamped.row_key
    window same_row as (partition by clamped.district_id, clamped.row_key order by clamped.valid_from)
),

numbered as (
    select
        *,
        count(*) filter (where is_new) over (
            partition by district_id, row_key order by valid_from rows unbounded preceding
        ) as place
    from marked
),

joined as (
    select
        district_id,
        content,
        min(valid_from) as valid_from,
        max(valid_to) as valid_to
    from numbered
    group by district_id, row_key, content, place
    union all
    select clamped.district_id, clamped.content, clamped.valid_from, clamped.valid_to
    from clamped
    anti join changing
        on changing.district_id = clamped.district_id
        and changing.row_key = clamped.row_key
),

ended_syncs as (
    select windows.district_id, news.published_at, max(news.sync_id) as sync_id
    from news
    join windows on windows.organization_id = news.organization_id
    group by windows.district_id, news.published_at
)

select
    joined.district_id,
    joined.content,
    joined.valid_from,
    nullif(joined.valid_to, timestamptz 'infinity') as valid_to,
    ended_syncs.sync_id
from joined
left join ended_syncs
    on ended_syncs.district_id = joined.district_id
    and ended_syncs.published_at = joined.valid_from
