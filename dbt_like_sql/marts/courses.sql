-- Desired courses. A field that could not be decoded keeps the value that the product has.
select
    course.course_id,
    if(partially_read.clever_id is null, course.number, coalesce(course.number, existing.number)) as number,
    if(partially_read.clever_id is null, course.name, coalesce(course.name, existing.name)) as name
from staging.stg_courses as course
left join current.courses as existing on existing.course_id = course.course_id
left join intermediate.int_partially_read as partially_read
    on partially_read.clever_id = course.course_id and partially_read.resource = 'courses'
