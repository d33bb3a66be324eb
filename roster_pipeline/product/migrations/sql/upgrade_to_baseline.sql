-- Brings the tables of a database at revision 0013 to 0020 to revision 0021. It may be run at each of them.

alter table roster.organizations
add column if not exists last_snapshot_at timestamptz,
add column if not exists snapshot_failure text,
add column if not exists clever_state text,
add column if not exists clever_error text,
add column if not exists portal_url text,
add column if not exists clever_pause_end timestamptz,
add column if not exists missing_since timestamptz,
add column if not exists operator_disconnected_at timestamptz;

alter table roster.alerts
drop constraint alerts_kind_check,
add constraint alerts_kind_check check (kind in ('failing', 'held', 'snapshot', 'disconnected'));

alter table roster.syncs
add column if not exists uid uuid not null default gen_random_uuid(),
drop constraint if exists syncs_uid_key,
add constraint syncs_uid_key unique (uid),
drop constraint syncs_state_check,
add constraint syncs_state_check
check (state in ('running', 'published', 'held', 'failed', 'canceled', 'undone')),
drop constraint syncs_trigger_check,
add constraint syncs_trigger_check check (trigger in ('nightly', 'manual', 'cli', 'page', 'library'));

alter table roster.refresh_requests
add column if not exists kind text not null default 'update',
drop constraint if exists refresh_requests_kind_check,
add constraint refresh_requests_kind_check check (kind in ('update', 'preview')),
drop constraint refresh_requests_state_check,
add constraint refresh_requests_state_check
check (state in ('queued', 'running', 'published', 'held', 'failed', 'canceled'));

-- No district has tier library any more (docs/rules.md R3.1). Such districts get tier sso_only. Nothing else of them
-- changes, and the requests that wait for them are answered.
do $$
declare
    district_ids text[];
begin
    update roster.refresh_requests set state = 'failed', finished_at = now(),
        summary = 'No changes were made. Districts no longer have tier library. This district now has tier sso_only, '
            'which has no roster sync.'
    where state = 'queued' and organization_id in (select id from roster.organizations where tier = 'library');
    with districts as (
        update roster.organizations set tier = 'sso_only' where tier = 'library' returning clever_district_id
    )
    select array_agg(clever_district_id order by clever_district_id) into district_ids from districts;
    if district_ids is not null then
        raise notice '% now of tier sso_only, which has no roster sync: %. Nothing else changed. '
            'To sync a district again: roster-pipeline connect DISTRICT_ID --tier secure_sync',
            case cardinality(district_ids) when 1 then '1 district of tier library is'
                else cardinality(district_ids) || ' districts of tier library are' end,
            array_to_string(district_ids, ', ')
            using errcode = 'RS100';
    end if;
end
$$;
