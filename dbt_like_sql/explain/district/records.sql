-- The lists that hold a record of this Clever id, each with the newest time at which the record was changed in Clever.
with records as (
    select 'teachers' as resource, id, last_modified from raw.teachers
    union all
    select 'students', id, last_modified from raw.students
    union all
    select 'sections', id, last_modified from raw.sections
)

select resource, max(last_modified) as last_modified
from records
where id = $clever_id and list_contains($lists, resource)
group by resource
order by list_position($lists, resource)
