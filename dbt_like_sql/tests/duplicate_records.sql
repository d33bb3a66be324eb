-- What: Records that Clever gave more than once during one read, because its pages overlapped.
-- Matters: The sync uses the copy that changed last. No person, school or class is published twice.
-- Resolve: Nothing if this is rare. If it happens every night, report it to Clever's support.
-- Severity: warn
-- Table: intermediate.int_people
with given as (
    select 'schools' as resource, id as clever_id from raw.schools
    union all
    select 'teachers' as resource, id as clever_id from raw.teachers
    union all
    select 'students' as resource, id as clever_id from raw.students
    union all
    select 'sections' as resource, id as clever_id from raw.sections
)

select clever_id
from given
group by resource, clever_id
having count(*) > 1
