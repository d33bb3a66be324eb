-- What: People whom a section lists but the district does not share.
-- Matters: They are pending, and join the class with the first sync in which Clever shares them.
-- Resolve: If they belong in the class, share them in Clever.
-- Severity: warn
-- Table: marts.pending_members
select distinct clever_id
from marts.pending_members
