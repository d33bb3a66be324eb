-- The districts of tier secure_sync (docs/rules.md R3.2), the oldest full read first. Districts whose last full read is
-- unknown come before all others. A time after `latest` comes from a wrong clock, and counts as unknown.
-- PostgreSQL.
select
    organization.clever_district_id as district_id,
    organization.name,
    organization.state,
    organization.last_full_read_at,
    failed.failures,
    failed.failed_at,
    organization.operator_disconnected_at is not null as is_operator_disconnected
from roster.organizations as organization
cross join lateral (
    select coalesce(max(id), 0) as id from roster.syncs
    where organization_id = organization.id
        and state not in ('failed', 'running', 'canceled')
        and mode not in ('resolve', 'undo')
) as worked
cross join lateral (
    select
        count(*) as failures,
        max(coalesce(finished_at, started_at))
            filter (where coalesce(finished_at, started_at) <= :latest) as failed_at
    from roster.syncs
    where organization_id = organization.id and id > worked.id and state = 'failed'
) as failed
where organization.tier = 'secure_sync'
    and (cast(:only as text[]) is null or organization.clever_district_id = any(:only))
order by
    case when organization.last_full_read_at <= :latest then organization.last_full_read_at end nulls first,
    organization.id
