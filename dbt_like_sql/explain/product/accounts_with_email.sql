-- The accounts that have an email, or should have it by Clever, with the organization of each link or membership.
-- The case of letters does not matter; `is_exact` says whether it is the same.
select
    account.id as account_id,
    link.clever_id,
    link.id is not null and link.unlinked_at is null as is_linked,
    coalesce(link.organization_id, membership.organization_id) as organization_id,
    coalesce(lower(account.email) = lower(:email), false) as has_email,
    coalesce(account.email = :email, false) or coalesce(account.clever_email = :email, false) as is_exact
from roster.accounts as account
left join roster.identity_links as link on link.account_id = account.id
left join roster.org_memberships as membership on membership.account_id = account.id and link.id is null
where lower(account.email) = lower(:email) or lower(account.clever_email) = lower(:email)
order by is_exact desc, account.id, organization_id, link.id
