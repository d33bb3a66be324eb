-- Rejections of records about which the events say nothing. They stay as they were.
-- DuckDB.
select resource, clever_id, reason, whole_record
from warehouse.raw.rejected as rejected
where not exists (
    from events.touched as touched where touched.resource = rejected.resource and touched.id = rejected.clever_id
)
