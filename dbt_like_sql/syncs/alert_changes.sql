-- The organizations whose state of one kind differs from the last alert of this kind. One row is one alert to send.
-- PostgreSQL.
with states as (
    -- The end of the running sync decides whether the district still fails. Until then `is_open` is null.
    select
        'failing' as kind,
        organization.id as organization_id,
        nullif(last.state, 'running') = 'failed' as is_open,
        last.id as sync_id,
        null as plan
    from roster.organizations as organization
    cross join lateral (
        select id, state from roster.syncs
        where organization_id = organization.id and mode not in ('resolve', 'undo') and state <> 'canceled'
        order by id desc limit 1
    ) as last
    union all
    select
        'held',
        organization.id,
        count(hold.id) > 0,
        max(hold.sync_id),
        max(left(hold.plan_digest, 12))
    from roster.organizations as organization
    left join roster.holds as hold on hold.organization_id = organization.id and hold.state = 'open'
    group by organization.id
    union all
    select 'snapshot', organization.id, organization.snapshot_failure is not null, last.id, null
    from roster.organizations as organization
    cross join lateral (
        select id from roster.syncs
        where organization_id = organization.id and mode not in ('resolve', 'undo')
        order by id desc limit 1
    ) as last
    union all
    select
        'disconnected',
        organization.id,
        organization.state = 'disconnected' and organization.operator_disconnected_at is null,
        last.id,
        null
    from roster.organizations as organization
    cross join lateral (
        select id from roster.syncs where organization_id = organization.id order by id desc limit 1
    ) as last
)

select
    states.kind,
    organization.id as organization_id,
    organization.clever_district_id as district_id,
    organization.name,
    states.is_open,
    sync.id as sync_id,
    sync.dagster_run_id as run_id,
    states.plan,
    case
        when states.kind = 'failing' then (
            select jsonb_build_object('failed_syncs', count(*)) from roster.syncs
            where organization_id = states.organization_id
                and state = 'failed'
                and id >= coalesce(alert.sync_id, states.sync_id)
        )
        -- The parts sum to the held changes. An older sync stored no parts, so the counts of its thresholds are used.
        when states.kind = 'held' and states.is_open then coalesce(
            sync.counts -> 'leaves' -> 'parts',
            (
                select jsonb_object_agg(part, removals) from (
                    select counts ->> 'part' as part, sum((counts ->> 'removals')::bigint) as removals
                    from roster.holds
                    where organization_id = states.organization_id and state = 'open'
                    group by 1
                ) as parts
            ),
            '{}'
        )
        else '{}'
    end as counts,
    case when sync.state = 'failed' then sync.counts ->> 'error' end as cause,
    organization.missing_since is not null as is_missing
from states
inner join roster.organizations as organization on organization.id = states.organization_id
left join roster.alerts as alert
    on alert.organization_id = organization.id and alert.kind = states.kind and alert.recovered_at is null
-- LIMIT makes this one look-up for each alert. PostgreSQL expects many alerts and would read every sync for a join.
left join lateral (
    select * from roster.syncs where id = coalesce(states.sync_id, alert.sync_id) limit 1
) as sync on true
-- An update of a Library teacher is answered to the teacher and alerts no operator.
where states.kind = :kind and states.is_open <> (alert.id is not null) and organization.tier <> 'library'
order by organization.id
