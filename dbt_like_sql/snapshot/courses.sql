-- Courses that are not archived.
-- PostgreSQL.
select
    touched.organization_id,
    course.clever_id as course_id,
    course.number,
    course.name,
    course.valid_from,
    course.valid_to
from touched_courses as touched
join courses_versions as course
    on course.clever_id = touched.course_id
    and course.organization_id = touched.organization_id
where course.archived_at is null
