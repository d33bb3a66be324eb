-- Account changes that would take an email which another account keeps, because the change of that account is held. They
-- are published with the email that the account has, or with none if the account is new.
select
    rowid as change_id,
    account_id,
    if(op = 'update', was_email, null) as email
from changes.accounts
where not held
    and email in (select was_email from changes.accounts where op = 'update' and held)
