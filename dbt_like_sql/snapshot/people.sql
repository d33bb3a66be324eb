-- People with a membership of the organization that has not ended and a live identity link.
-- PostgreSQL.
select
    account.id as account_id,
    link.clever_id,
    m.role,
    account.first_name,
    account.last_name,
    account.email,
    account.grade
from roster.org_memberships as m
join roster.accounts as account on account.id = m.account_id
join roster.identity_links as link
    on link.account_id = m.account_id
    and link.organization_id = %(organization_id)s
    and link.unlinked_at is null
where
    m.organization_id = %(organization_id)s
    and m.ended_at is null
    and m.account_id in (select account_id from touched_people) -- partial
