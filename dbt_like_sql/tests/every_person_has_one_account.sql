-- What: People with no account or two accounts, and accounts of two people.
-- Matters: A student would be missing from a class, or would be in the account of another person.
-- Resolve: This is an internal error and nothing was published. Report the ids.
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
