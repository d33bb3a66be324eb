-- What: Teachers whom a section lists among its students.
-- Matters: They are not enrolled in the class (docs/rules.md R4.14).
-- Resolve: Correct the section or the role of the person in the student information system.
-- Severity: warn
-- Table: intermediate.int_section_members
select distinct clever_id
from intermediate.int_section_members
where finding = 'student_is_teacher'
