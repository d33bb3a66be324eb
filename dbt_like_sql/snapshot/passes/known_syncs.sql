-- The newest sync of each district in a file, with what identifies it, and the latest time from which the file dates a row.
-- DuckDB.
select
    district_id,
    max(id) as id,
    max_by(uid, id) as uid,
    max_by(state, id) as state,
    max_by(finished_at, id) as finished_at,
    max(published_at) as last_end
from dated_syncs
group by district_id
