-- Terms that a sync wrote, and all terms of districts that are read as a whole.
-- PostgreSQL.
select news.organization_id, term.clever_id as term_id
from journal
join news on news.sync_id = journal.sync_id
join roster.terms as term on term.id = journal.id
where journal.entity = 'terms'
union
select organization_id, clever_id
from roster.terms
where organization_id in (select organization_id from windows where is_whole)
