-- The quarantined rows of the district that a delta sync did not decide again. They stay as they were.
-- DuckDB. The raw tables are merged already, so a record that is rejected now stands in `warehouse.raw.rejected`.
with decided_again as (
    select id from affected.people
    union all
    select id from affected.sections
    union all
    select id from affected.schools
    union all
    select id from affected.terms
    union all
    select id from affected.courses
    union all
    select clever_id from warehouse.raw.rejected where whole_record
)

select resource, clever_id, reason
from warehouse.quarantine.records as records
where not exists (from decided_again where decided_again.id = records.clever_id)
