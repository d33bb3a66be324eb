-- The district, as Clever describes it, and the times of its last reads and publications.
-- PostgreSQL. The file keeps the present row alone, because no journal has the earlier ones.
select
    scope.organization_id,
    organization.name,
    organization.tier,
    organization.time_zone,
    organization.last_clever_sync_at,
    organization.last_read_at,
    organization.last_full_read_at,
    organization.last_published_at,
    newest.finished_at as valid_from,
    newest.id as sync_id
from scope
join roster.organizations as organization on organization.id = scope.organization_id
cross join lateral (
    select id, finished_at
    from roster.syncs
    where organization_id = scope.organization_id and state <> 'running'
    order by id desc
    limit 1
) as newest
