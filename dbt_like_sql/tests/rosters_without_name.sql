-- What: Rosters whose section has no name in Clever.
-- Matters: A teacher with two such classes cannot tell them apart.
-- Resolve: Name the section in the student information system.
-- Severity: warn
-- Table: marts.rosters
select section_id
from marts.rosters
where trim(name) = ''
