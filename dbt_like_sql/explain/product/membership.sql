-- The membership of an account in one organization.
select role, verified_at, ended_at
from roster.org_memberships
where organization_id = :organization_id and account_id = :account_id
