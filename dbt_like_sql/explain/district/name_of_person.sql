-- The name that a person has in Clever, and the schools of the person there.
select
    name.first as first_name,
    name.last as last_name,
    coalesce(roles.teacher.schools, []) || coalesce(roles.student.schools, []) as school_ids
from raw.teachers where id = $clever_id
union all
select name.first, name.last, coalesce(roles.teacher.schools, []) || coalesce(roles.student.schools, [])
from raw.students where id = $clever_id
limit 1
