-- Rosters that a sync wrote, and all rosters of districts that are read as a whole.
-- PostgreSQL.
select news.organization_id, journal.id as roster_id
from journal
join news on news.sync_id = journal.sync_id
where journal.entity = 'rosters'
union
select organization_id, id
from roster.rosters
where organization_id in (select organization_id from windows where is_whole)
