-- Membership of the organization for everyone whom the district shares.
select
    clever_id,
    account_id,
    role
from intermediate.int_identities
