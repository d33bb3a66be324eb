-- The standing of each district: its last sync, how many decisions it waits for, and since when its syncs fail.
-- Syncs that record a correction (`resolve`, `undo`) are left out.
-- PostgreSQL.
select
    organization.clever_district_id as district_id,
    (
        select count(distinct plan_digest) from roster.holds
        where organization_id = organization.id and state = 'open'
    ) as holds,
    (select count(*) from roster.reviews where organization_id = organization.id and state = 'open') as reviews,
    (
        select min(started_at) from roster.syncs
        where organization_id = organization.id
            and state = 'failed'
            and id > coalesce(
                (
                    select max(id) from roster.syncs
                    where organization_id = organization.id
                        and mode not in ('resolve', 'undo')
                        and state in ('published', 'held', 'undone')
                ),
                0
            )
    ) as failing_since,
    sync.id,
    sync.mode,
    sync.mode_reason,
    sync.trigger,
    sync.state,
    sync.started_at,
    sync.finished_at,
    sync.dagster_run_id,
    sync.counts ->> 'error' as failure,
    sync.counts ->> 'summary' as summary
from roster.organizations as organization
left join lateral (
    select * from roster.syncs
    where organization_id = organization.id and mode not in ('resolve', 'undo')
    order by id desc limit 1
) as sync on true
