-- Counts by list the records whose content in the full read differs from the content expected after the events. Records
-- that changed while the lists were read are left out.
-- DuckDB.
with missed as (
    (
        select resource, id, content_hash from events.expected_records
        except
        select resource, id, content_hash from events.known_records
    )
    union all
    (
        select resource, id, content_hash from events.known_records
        except
        select resource, id, content_hash from events.expected_records
    )
)

select resource, count(distinct id) as records
from missed anti join events.touched using (resource, id)
group by resource
