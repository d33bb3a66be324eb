-- Schools that a sync wrote, and all schools of districts that are read as a whole.
-- PostgreSQL.
select news.organization_id, school.clever_id as school_id
from journal
join news on news.sync_id = journal.sync_id
join roster.schools as school on school.id = journal.id
where journal.entity = 'schools'
union
select organization_id, clever_id
from roster.schools
where organization_id in (select organization_id from windows where is_whole)
