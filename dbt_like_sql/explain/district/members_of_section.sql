-- The people whom a class lists, teachers first. A finding says why one of them is not enrolled all the same.
select
    clever_id,
    role,
    finding,
    clever_id in (select clever_id from intermediate.int_people) as is_shared
from intermediate.int_section_members
where section_id = $clever_id
order by role desc, clever_id
