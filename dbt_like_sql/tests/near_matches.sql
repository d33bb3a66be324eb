-- What: People whose email in Clever is nearly that of an account that did not come from Clever.
-- Matters: They get a new account, and their work stays in the old account.
-- Resolve: If it is the same person, make the two emails equal in Clever. The command roster-pipeline preflight shows both.
-- Severity: warn
-- Table: intermediate.int_near_matches
select distinct clever_id
from intermediate.int_near_matches
