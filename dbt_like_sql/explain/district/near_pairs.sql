-- The near matches of a district: the person in Clever, and the account whose email is nearly the person's.
select clever_id, account_id
from intermediate.int_near_matches
order by clever_id, account_id
