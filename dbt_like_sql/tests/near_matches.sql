-- What: People whose email in Clever is nearly that of an account which is not from Clever.
-- Matters: They get a new account, and what they have in the old one stays there.
-- Resolve: If it is the same person, make the two addresses equal in Clever; roster-pipeline preflight shows both.
-- Severity: warn
-- Table: intermediate.int_near_matches
select distinct clever_id
from intermediate.int_near_matches
