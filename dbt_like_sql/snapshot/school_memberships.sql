-- People in schools that are not archived. A person without a class has a school too.
-- PostgreSQL.
select
    school.clever_id as school_id,
    m.account_id,
    link.clever_id,
    m.role,
    m.is_primary
from roster.school_memberships as m
join roster.schools as school on school.id = m.school_id
join roster.identity_links as link
    on link.account_id = m.account_id
    and link.organization_id = %(organization_id)s
    and link.unlinked_at is null
where
    school.organization_id = %(organization_id)s
    and school.archived_at is null
    and m.source = 'clever'
    and m.ended_at is null
    and (school.clever_id, m.account_id) in (select school_id, account_id from touched_school_memberships) -- partial
