-- Desired pending members, whom a section lists but Clever does not share yet. They join the class when Clever shares them.
select
    section_id,
    clever_id,
    role
from intermediate.int_section_members
where is_pending
