-- Rosters from Clever that are not archived.
-- PostgreSQL. Only the id of the school is shown. It never changes, so a change of the school touches no roster.
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
    roster.valid_from,
    roster.valid_to
from touched_rosters as touched
join rosters_versions as roster
    on roster.id = touched.roster_id
    and roster.organization_id = touched.organization_id
left join roster.schools as school on school.id = roster.school_id
where roster.source = 'clever' and roster.archived_at is null
