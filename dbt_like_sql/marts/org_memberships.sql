-- Desired organization memberships, one for each person that the district shares. An admin stays an admin. An admin whom
-- the organization removed returns with the role that Clever has.
select
    identity.clever_id,
    identity.account_id,
    if(existing.role = 'admin' and not existing.is_ended, 'admin', identity.role) as role
from intermediate.int_identities as identity
left join current.org_memberships as existing on existing.account_id = identity.account_id
