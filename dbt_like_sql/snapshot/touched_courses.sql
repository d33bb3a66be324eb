-- Courses that a sync wrote, and all courses of districts that are read as a whole.
-- PostgreSQL.
select news.organization_id, course.clever_id as course_id
from journal
join news on news.sync_id = journal.sync_id
join roster.courses as course on course.id = journal.id
where journal.entity = 'courses'
union
select organization_id, clever_id
from roster.courses
where organization_id in (select organization_id from windows where is_whole)
