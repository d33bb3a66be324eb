-- When each open row ends. A row that stays as it was has no end.
-- DuckDB. A row is the same if a fresh version with its content begins where the pass begins.
select
    open_rows.place,
    case when fresh_rows.district_id is null then open_rows.began_at else fresh_rows.valid_to end as ended_at
from open_rows
left join fresh_rows
    on fresh_rows.district_id = open_rows.district_id
    and fresh_rows.content is not distinct from open_rows.content
    and fresh_rows.valid_from = open_rows.began_at
where fresh_rows.district_id is null or fresh_rows.valid_to is not null
