-- Desired accounts. Names, email and grade come from Clever, and an admin stays an admin. An account keeps its values if its
-- Clever id may now belong to another person (review reason *recycled_id*), or if the record was partially read.
select
    identity.clever_id,
    identity.account_id,
    identity.rule,
    if(account.role = 'admin', 'admin', identity.role) as role,
    if(identity.is_frozen, account.first_name, identity.first_name) as first_name,
    if(identity.is_frozen, account.last_name, identity.last_name) as last_name,
    if(identity.is_frozen, account.email, identity.account_email) as email,
    if(identity.is_frozen, account.clever_email, identity.email) as clever_email,
    true as imported_from_clever,
    if(identity.is_frozen, account.grade, identity.grade) as grade
from intermediate.int_identities as identity
left join current.accounts as account on account.account_id = identity.account_id
