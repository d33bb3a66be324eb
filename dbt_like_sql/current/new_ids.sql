-- Ids of the feed that the organization does not have yet. Only such an id can belong to another district.
-- DuckDB.
with people as (
    select clever_id from staging.stg_teachers
    union
    select clever_id from staging.stg_students
)

select 'people' as resource, clever_id
from people
where clever_id not in (
    select linked_clever_id from current.accounts where is_linked_here and linked_clever_id is not null
)
union all
select 'schools', school_id
from staging.stg_schools
where school_id not in (select school_id from current.schools)
union all
select 'sections', section_id
from staging.stg_sections
where section_id not in (select section_id from current.rosters)
