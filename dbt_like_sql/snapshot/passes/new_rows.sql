-- The fresh versions that the file does not have as open rows.
-- DuckDB.
select fresh_rows.district_id, fresh_rows.content, fresh_rows.valid_from, fresh_rows.valid_to, fresh_rows.sync_id
from fresh_rows
anti join open_rows
    on open_rows.district_id = fresh_rows.district_id
    and open_rows.content is not distinct from fresh_rows.content
    and open_rows.began_at = fresh_rows.valid_from
