-- What: Rosters without a teacher.
-- Matters: Students see the class, but no teacher does.
-- Resolve: Share the teachers of the section in Clever. The roster is published in any case.
-- Severity: warn
-- Table: marts.rosters
select roster.section_id
from marts.rosters as roster
anti join marts.roster_teachers as teacher on teacher.section_id = roster.section_id
