-- What: People whom a section names and the district does not share.
-- Matters: They are parked, and join their class as soon as they are shared.
-- Resolve: Share them in Clever, if they should be in class.
-- Severity: warn
-- Table: marts.parked_members
select distinct clever_id
from marts.parked_members
