-- Courses of the organization.
-- PostgreSQL.
select
    clever_id as course_id,
    number,
    name,
    archived_at is not null as is_ended,
    false as is_native,
    xmin::text as version
from roster.courses
where
    organization_id = %(organization_id)s
    and clever_id in (select id from affected_courses) -- partial
