-- One roster a Clever section, its name exactly as Clever has it. A section of a school that is not shared has none.
select
    section.section_id,
    school.school_id,
    section.name,
    section.subject,
    section.grade,
    section.period,
    term.name as term_name
from staging.stg_sections as section
left join staging.stg_schools as school on school.school_id = section.school_id
left join staging.stg_terms as term on term.term_id = section.term_id
