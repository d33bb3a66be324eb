-- What: Accounts that would share one email.
-- Matters: An email belongs to at most one account. With two, one person would take over the login of the other.
-- Resolve: This is an internal error and nothing was published. Report the ids.
-- Severity: error
-- Table: marts.accounts
select min(clever_id) as clever_id
from marts.accounts
where email is not null
group by email
having count(*) > 1
