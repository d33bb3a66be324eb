-- Rosters from Clever. Rosters that teachers made themselves are not read.
-- PostgreSQL.
select
    roster.clever_id as section_id,
    school.clever_id as school_id,
    roster.name,
    roster.subject,
    roster.grade,
    roster.period,
    roster.term_name,
    term.clever_id as term_id,
    course.clever_id as course_id,
    roster.archived_at is not null as is_ended,
    false as is_native,
    roster.xmin::text as version
from roster.rosters as roster
left join roster.schools as school on school.id = roster.school_id
left join roster.terms as term on term.id = roster.term_id
left join roster.courses as course on course.id = roster.course_id
where
    roster.organization_id = %(organization_id)s
    and roster.source = 'clever'
    and roster.clever_id in (select id from affected_sections) -- partial
