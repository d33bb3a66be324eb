-- Records that the events changed: their content differs from what the district's file holds, one of their fields could
-- not be decoded, before or now, or they could not be decoded at all before.
-- DuckDB. `affected.known_records` and `events.records` hold the content hash of each record, before and now.
select
    touched.resource,
    touched.id,
    bool_or(known.id is not null) as was_there,
    bool_or(new.id is not null) as is_there
from events.touched as touched
left join affected.known_records as known on known.resource = touched.resource and known.id = touched.id
left join events.records as new on new.resource = touched.resource and new.id = touched.id
where
    known.content_hash is distinct from new.content_hash
    or exists (
        from events.rejected as partially_read
        where
            partially_read.resource = touched.resource
            and partially_read.clever_id = touched.id
            and not partially_read.whole_record
    )
    or exists (
        -- A rejected record keeps its rows in the product, and loses them when it is gone from Clever.
        from warehouse.raw.rejected as rejected
        where rejected.resource = touched.resource and rejected.clever_id = touched.id
    )
group by touched.resource, touched.id
