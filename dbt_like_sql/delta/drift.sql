-- By list, how many records the events had missed: the full read found another content than the events had told.
-- DuckDB. A record that changed while the lists were read proves nothing and is not counted.
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
