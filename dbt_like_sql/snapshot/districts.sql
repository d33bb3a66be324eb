-- The district, as Clever describes it, and the times of its last reads and publications.
-- PostgreSQL.
select
    id as organization_id,
    name,
    tier,
    time_zone,
    last_clever_sync_at,
    last_read_at,
    last_full_read_at,
    last_published_at
from roster.organizations
where
    id = %(organization_id)s
    and id in (select organization_id from touched_districts) -- partial
