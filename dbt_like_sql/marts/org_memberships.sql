-- Membership of the organization for everyone whom the district shares; an admin stays an admin.
select
    identity.clever_id,
    identity.account_id,
    if(existing.role = 'admin', 'admin', identity.role) as role
from intermediate.int_identities as identity
left join current.org_memberships as existing on existing.account_id = identity.account_id
