-- The failed sync to record for a run that ended before its sync began. There is no row if the district may not be synced,
-- if it fails already, or if another run syncs it or has synced it since. A `finished_at` after `latest` comes from a wrong
-- clock and is ignored.
-- PostgreSQL.
select
    organization.id as organization_id,
    cast(:run_id as text) as dagster_run_id,
    cast(:trigger as text) as trigger,
    'failed' as state,
    jsonb_build_object('error', cast(:error as text)) as counts,
    cast(:at as timestamptz) as started_at,
    cast(:at as timestamptz) as finished_at
from roster.organizations as organization
left join lateral (
    select state, finished_at from roster.syncs
    where organization_id = organization.id and mode not in ('resolve', 'undo')
    order by id desc limit 1
) as last on true
where organization.clever_district_id = :district_id
    and organization.state <> 'paused'
    and organization.operator_disconnected_at is null
    and organization.tier <> 'sso_only'
    and not exists (select from roster.syncs where dagster_run_id = :run_id)
    and (
        last.state is null
        or (last.state not in ('running', 'failed') and (last.finished_at < :at or last.finished_at > :latest))
    )
