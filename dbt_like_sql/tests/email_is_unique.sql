-- What: Two people who would carry one email address.
-- Matters: The product lets one account have an address; one of the two would take over the other's login.
-- Resolve: A fault of ours: nothing was published; report the ids.
-- Severity: error
-- Table: marts.accounts
select min(clever_id) as clever_id
from marts.accounts
where email is not null
group by email
having count(*) > 1
