-- What: Rosters that nobody learns in.
-- Matters: Clever promises at least one student a section; a class may have been emptied by a sharing rule.
-- Resolve: Look at the section's sharing in Clever; the roster is published, empty.
-- Severity: warn
-- Table: marts.rosters
select roster.section_id
from marts.rosters as roster
anti join marts.roster_students as student on student.section_id = roster.section_id
