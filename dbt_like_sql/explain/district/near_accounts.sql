-- Accounts whose email is nearly that of a person in Clever. The person may log in with one of them.
select account_id, account_email as email
from intermediate.int_near_matches
where clever_id = $clever_id
order by account_id
