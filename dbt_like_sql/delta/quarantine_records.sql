-- The quarantine of the district after a delta sync: the rows of the workspace, and those outside the affected set whose
-- record was not rejected.
-- DuckDB.
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

from warehouse.quarantine.records as before
where not exists (from decided_again where decided_again.id = before.clever_id)
union
from quarantine.records
