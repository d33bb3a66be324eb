-- What: Rosters that nobody teaches.
-- Matters: Students see the class, no teacher does.
-- Resolve: Share the section's teachers in Clever, or leave it; the roster is published either way.
-- Severity: warn
-- Table: marts.rosters
select roster.section_id
from marts.rosters as roster
anti join marts.roster_teachers as teacher on teacher.section_id = roster.section_id
