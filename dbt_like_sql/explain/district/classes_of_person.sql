-- The classes that list a person. `finding` is the reason why a listed person is not enrolled.
select member.section_id, section.name, member.role, member.finding
from intermediate.int_section_members as member
inner join staging.stg_sections as section on section.section_id = member.section_id
where member.clever_id = $clever_id
order by section.name, member.section_id, member.role
