-- How old the data of each district is.
-- DuckDB.
select
    district.district_id,
    district.name,
    district.tier,
    last_sync.state as last_sync_state,
    district.last_clever_sync_at,
    district.last_read_at,
    district.last_full_read_at,
    district.last_published_at,
    date_diff('hour', district.last_published_at, now()) as hours_since_published
from districts as district
left join (
    select district_id, arg_max(state, id) as state from syncs group by district_id
) as last_sync on last_sync.district_id = district.district_id
