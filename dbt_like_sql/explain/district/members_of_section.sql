-- The people whom a class lists, teachers first. `finding` is the reason why a listed person is not enrolled.
select
    clever_id,
    role,
    finding,
    clever_id in (select clever_id from intermediate.int_people) as is_shared
from intermediate.int_section_members
where section_id = $clever_id
order by role desc, clever_id
