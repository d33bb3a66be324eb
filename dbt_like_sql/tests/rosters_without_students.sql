-- What: Rosters without students.
-- Matters: Clever promises at least one student in a section. A sharing rule may have emptied the class.
-- Resolve: Check in Clever how the section is shared. The roster is published without students.
-- Severity: warn
-- Table: marts.rosters
select roster.section_id
from marts.rosters as roster
anti join marts.roster_students as student on student.section_id = roster.section_id
