-- Accounts whose name or email changes if the hold is approved, before and after. The answer of a command shows them. They
-- are stored nowhere.
select
    account.linked_clever_id as clever_id,
    change.role,
    change.was_first_name,
    change.was_last_name,
    change.was_email,
    change.first_name,
    change.last_name,
    change.email
from changes.accounts as change
inner join current.accounts as account on account.account_id = change.account_id
where change.op = 'update' and change.held
order by change.role, change.was_last_name, change.was_first_name, clever_id
