-- School memberships. Native ones are never changed.
-- PostgreSQL. In a delta sync, accounts loaded only because of an email address are left unchanged: their memberships
-- are not read.
select
    school.clever_id as school_id,
    m.account_id,
    link.clever_id,
    m.role,
    m.is_primary,
    m.ended_at is not null as is_ended,
    m.source = 'native' and m.ended_at is null as is_native,
    m.xmin::text as version
from roster.school_memberships as m
join roster.schools as school on school.id = m.school_id
left join roster.identity_links as link
    on link.account_id = m.account_id
    and link.organization_id = school.organization_id
    and link.unlinked_at is null
where
    school.organization_id = %(organization_id)s
    and m.account_id in (select account_id from candidate_accounts) -- partial
    and (link.clever_id is null or link.clever_id in (select id from affected_people)) -- partial
