-- The content hash of each record that the raw tables would hold with the events applied.
-- DuckDB. `events.known_records` holds the content hash of each record in the raw tables.
select resource, id, content_hash from events.known_records anti join events.touched using (resource, id)
union all
select resource, id, content_hash from events.records
