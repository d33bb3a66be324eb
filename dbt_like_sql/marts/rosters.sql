-- One roster a Clever section, its name exactly as Clever has it. It belongs to the school that the section names, shared
-- now or only once; a term that the feed does not hold keeps the name it had.
with known_schools as (
    select school_id from staging.stg_schools
    union
    select school_id from current.schools
)

select
    section.section_id,
    school.school_id,
    section.name,
    section.subject,
    section.grade,
    section.period,
    case
        when term.term_id is not null then term.name
        when section.term_id is not null then existing.term_name
    end as term_name
from staging.stg_sections as section
left join known_schools as school on school.school_id = section.school_id
left join staging.stg_terms as term on term.term_id = section.term_id
left join current.rosters as existing on existing.section_id = section.section_id
