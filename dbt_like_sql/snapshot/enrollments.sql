-- Teachers and students of rosters from Clever.
-- PostgreSQL. A version is valid while the versions that it is made from are.
with members as (
    select roster_id, account_id, 'teacher' as role, is_primary, ended_at, valid_from, valid_to
    from roster_teachers_versions
    union all
    select roster_id, account_id, 'student', null, ended_at, valid_from, valid_to
    from roster_students_versions
)

select
    touched.organization_id,
    touched.roster_id,
    roster.clever_id as section_id,
    touched.account_id,
    link.clever_id,
    touched.role,
    member.is_primary,
    greatest(member.valid_from, roster.valid_from, link.valid_from) as valid_from,
    least(member.valid_to, roster.valid_to, link.valid_to) as valid_to
from touched_enrollments as touched
join members as member
    on member.roster_id = touched.roster_id
    and member.account_id = touched.account_id
    and member.role = touched.role
join rosters_versions as roster
    on roster.id = touched.roster_id
    and roster.organization_id = touched.organization_id
join identity_links_versions as link
    on link.account_id = touched.account_id
    and link.organization_id = touched.organization_id
where
    roster.source = 'clever'
    and roster.archived_at is null
    and member.ended_at is null
    and link.unlinked_at is null
    and greatest(member.valid_from, roster.valid_from, link.valid_from)
    < least(member.valid_to, roster.valid_to, link.valid_to)
