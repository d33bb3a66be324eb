-- Rosters from Clever that are not archived.
-- PostgreSQL. Of the school, the term and the course only the Clever id is shown. It never changes, so a change of theirs
-- touches no roster.
select
    touched.organization_id,
    touched.roster_id,
    roster.clever_id as section_id,
    school.clever_id as school_id,
    roster.name,
    roster.subject,
    roster.grade,
    roster.period,
    roster.term_name,
    term.clever_id as term_id,
    course.clever_id as course_id,
    roster.valid_from,
    roster.valid_to
from touched_rosters as touched
join rosters_versions as roster
    on roster.id = touched.roster_id
    and roster.organization_id = touched.organization_id
left join roster.schools as school on school.id = roster.school_id
left join roster.terms as term on term.id = roster.term_id
left join roster.courses as course on course.id = roster.course_id
where roster.source = 'clever' and roster.archived_at is null
