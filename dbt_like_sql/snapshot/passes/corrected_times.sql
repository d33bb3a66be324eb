-- The times that a file dates rows from, and that turned out to be ahead, with the right ones.
-- DuckDB.
select noted_times.district_id, noted_times.published_at as wrong, min(dated_syncs.published_at) as correct
from noted_times
join dated_syncs
    on dated_syncs.district_id = noted_times.district_id
    and dated_syncs.id = noted_times.id
where dated_syncs.published_at < noted_times.published_at
group by noted_times.district_id, noted_times.published_at
