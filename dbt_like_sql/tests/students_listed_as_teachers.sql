-- What: Students whom a section lists among its teachers.
-- Matters: They do not teach the class: a student never gets the rights of a teacher from a list (R4.13).
-- Resolve: Correct the section or the person's role in the student information system.
-- Severity: warn
-- Table: intermediate.int_section_members
select distinct clever_id
from intermediate.int_section_members
where finding = 'teacher_is_student'
