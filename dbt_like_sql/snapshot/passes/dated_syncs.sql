-- The syncs of a file, each with the time from which the file dates its rows.
-- DuckDB. A sync begins after the last one of its district has ended. An end after the begin of a later sync is therefore
-- that of a wrong clock, and the begin takes its place. Only a correction may begin while a sync runs.
select
    district_id,
    id,
    uid,
    state,
    finished_at,
    least(finished_at, min(started_at) filter (where mode not in ('resolve', 'undo')) over later_syncs) as published_at
from file_syncs
window later_syncs as (
    partition by district_id order by id rows between 1 following and unbounded following
)
