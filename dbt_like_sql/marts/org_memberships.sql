-- Membership of the organization for everyone whom the district shares; an admin stays an admin, and one whom the
-- organization removed comes back as what Clever says.
select
    identity.clever_id,
    identity.account_id,
    if(existing.role = 'admin' and not existing.is_ended, 'admin', identity.role) as role
from intermediate.int_identities as identity
left join current.org_memberships as existing on existing.account_id = identity.account_id
