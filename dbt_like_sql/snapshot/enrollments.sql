-- Teachers and students of rosters from Clever.
-- PostgreSQL.
with members as (
    select roster_id, account_id, 'teacher' as role, is_primary, ended_at from roster.roster_teachers
    union all
    select roster_id, account_id, 'student', null, ended_at from roster.roster_students
)

select
    m.roster_id,
    roster.clever_id as section_id,
    m.account_id,
    link.clever_id,
    m.role,
    m.is_primary
from members as m
join roster.rosters as roster on roster.id = m.roster_id
join roster.identity_links as link
    on link.account_id = m.account_id
    and link.organization_id = %(organization_id)s
    and link.unlinked_at is null
where
    roster.organization_id = %(organization_id)s
    and roster.source = 'clever'
    and roster.archived_at is null
    and m.ended_at is null
    and (m.roster_id, m.account_id, m.role) in (select roster_id, account_id, role from touched_enrollments) -- partial
