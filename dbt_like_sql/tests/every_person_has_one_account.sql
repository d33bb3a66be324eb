-- What: People without an account, with two, or two people with one.
-- Matters: A child would be out of class, or in somebody else's account.
-- Resolve: A fault of ours: nothing was published; report the ids.
-- Severity: error
-- Table: marts.accounts
select coalesce(person.clever_id, account.clever_id) as clever_id
from intermediate.int_people as person
full join marts.accounts as account on account.clever_id = person.clever_id
group by all
having count(person.clever_id) <> 1 or count(account.clever_id) <> 1
union all
select min(clever_id)
from marts.accounts
where account_id is not null
group by account_id
having count(*) > 1
