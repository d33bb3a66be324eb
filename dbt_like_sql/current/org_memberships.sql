-- Memberships of the organization. Native ones and those of admins are never changed.
-- PostgreSQL. In a delta sync, accounts loaded only because of an email address are left unchanged: their memberships
-- are not read.
select
    m.account_id,
    link.clever_id,
    m.role,
    m.ended_at is not null as is_ended,
    (m.source = 'native' or m.is_admin) and m.ended_at is null as is_native,
    m.xmin::text as version
from roster.org_memberships as m
left join roster.identity_links as link
    on link.account_id = m.account_id
    and link.organization_id = m.organization_id
    and link.unlinked_at is null
where
    m.organization_id = %(organization_id)s
    and m.account_id in (select account_id from candidate_accounts) -- partial
    and (link.clever_id is null or link.clever_id in (select id from affected_people)) -- partial
