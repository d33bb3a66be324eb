-- Desired rosters, one for each section, with the name exactly as in Clever. A roster belongs to the school that the
-- section names, if that school is or was shared. If the feed does not hold the term or the course of the section, the
-- roster keeps the term, its name or the course that it has. A partially read section keeps the values of its roster.
with known_schools as (
    select school_id from staging.stg_schools
    union
    select school_id from current.schools
)

select
    section.section_id,
    school.school_id,
    if(partially_read.clever_id is null, section.name, coalesce(nullif(section.name, ''), existing.name, '')) as name,
    if(partially_read.clever_id is null, section.subject, coalesce(section.subject, existing.subject)) as subject,
    if(partially_read.clever_id is null, section.grade, coalesce(section.grade, existing.grade)) as grade,
    if(partially_read.clever_id is null, section.period, coalesce(section.period, existing.period)) as period,
    case
        when term.name is not null then term.name
        when term.term_id is not null and term.term_id not in (select clever_id from intermediate.int_partially_read)
            then null
        when section.term_id is not null or partially_read.clever_id is not null then existing.term_name
    end as term_name,
    case
        when term.term_id is not null then term.term_id
        when section.term_id is not null or partially_read.clever_id is not null then existing.term_id
    end as term_id,
    case
        when course.course_id is not null then course.course_id
        when section.course_id is not null or partially_read.clever_id is not null then existing.course_id
    end as course_id
from staging.stg_sections as section
left join known_schools as school on school.school_id = section.school_id
left join staging.stg_terms as term on term.term_id = section.term_id
left join staging.stg_courses as course on course.course_id = section.course_id
left join current.rosters as existing on existing.section_id = section.section_id
left join intermediate.int_partially_read as partially_read on partially_read.clever_id = section.section_id
