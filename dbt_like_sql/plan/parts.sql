-- The parts of a plan that thresholds count, in the order in which they are checked. Removals that are held with one part
-- are not counted for the next. `resource` is the Clever list whose completeness proves the removals of the part.
-- `names_and_emails` has no removals.
select
    step,
    part,
    resource
from (
    values
    (1, 'schools', 'schools'),
    (2, 'rosters', 'sections'),
    (3, 'students', 'students'),
    (4, 'teachers', 'teachers'),
    (5, 'students_in_schools', 'students'),
    (6, 'teachers_in_schools', 'teachers'),
    (7, 'enrollments', 'sections'),
    (8, 'class_teachers', 'sections'),
    (9, 'names_and_emails', 'students')
) as part (step, part, resource)
