-- Rosters from Clever that are not archived.
-- PostgreSQL. Only the id of the school is shown. It never changes, so a change of the school touches no roster.
select
    roster.id as roster_id,
    roster.clever_id as section_id,
    school.clever_id as school_id,
    roster.name,
    roster.subject,
    roster.grade,
    roster.period,
    roster.term_name
from roster.rosters as roster
left join roster.schools as school on school.id = roster.school_id
where
    roster.organization_id = %(organization_id)s
    and roster.source = 'clever'
    and roster.archived_at is null
    and roster.id in (select roster_id from touched_rosters) -- partial
