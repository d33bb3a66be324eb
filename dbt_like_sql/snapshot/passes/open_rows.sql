-- The rows of a file that have not ended and that a pass may change, with the time at which they end if they are gone.
-- DuckDB. Rows are found by their keys alone, so that most columns of the history are never unpacked.
select history_rows.place, history_rows.district_id, history_rows.content, windows.began_at
from history_rows
join windows on windows.district_id = history_rows.district_id
where
    history_rows.place in (
        select keys.place
        from history_rows as keys
        join windows on windows.district_id = keys.district_id
        join touched_rows
            on touched_rows.organization_id = windows.organization_id
            and touched_rows.row_key = keys.row_key
        where keys.valid_to is null
    )
