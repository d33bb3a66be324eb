-- People with a membership of the organization that has not ended and a live identity link.
-- PostgreSQL. A version is valid while the versions that it is made from are.
select
    touched.organization_id,
    touched.account_id,
    link.clever_id,
    membership.role,
    account.first_name,
    account.last_name,
    account.email,
    account.grade,
    greatest(membership.valid_from, account.valid_from, link.valid_from) as valid_from,
    least(membership.valid_to, account.valid_to, link.valid_to) as valid_to
from touched_people as touched
join org_memberships_versions as membership
    on membership.organization_id = touched.organization_id
    and membership.account_id = touched.account_id
join accounts_versions as account on account.id = touched.account_id
join identity_links_versions as link
    on link.account_id = touched.account_id
    and link.organization_id = touched.organization_id
where
    membership.ended_at is null
    and link.unlinked_at is null
    and greatest(membership.valid_from, account.valid_from, link.valid_from)
    < least(membership.valid_to, account.valid_to, link.valid_to)
