-- What: Records that Clever gave more than once in one reading, as pages overlapped.
-- Matters: One copy is used, the one changed last; nobody is there twice.
-- Resolve: Nothing, if it is rare. If it is every night, tell Clever's support.
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
