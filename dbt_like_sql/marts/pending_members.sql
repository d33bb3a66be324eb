-- Members whom a section names and nobody has met yet; they join when they arrive.
select
    section_id,
    clever_id,
    role
from intermediate.int_section_members
where is_pending
