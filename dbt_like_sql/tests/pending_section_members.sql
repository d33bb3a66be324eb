-- What: People whom a section names and the district does not share.
-- Matters: They are pending, and join their class as soon as they are shared.
-- Resolve: Share them in Clever, if they should be in class.
-- Severity: warn
-- Table: marts.pending_members
select distinct clever_id
from marts.pending_members
