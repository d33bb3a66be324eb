-- What: Students whom a section lists among its teachers.
-- Matters: They do not teach the class, because a list of teachers never gives a student the rights of a teacher (docs/rules.md R4.13).
-- Resolve: Correct the section or the role of the person in the student information system.
-- Severity: warn
-- Table: intermediate.int_section_members
select distinct clever_id
from intermediate.int_section_members
where finding = 'teacher_is_student'
