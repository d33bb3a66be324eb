-- What each of some syncs did to the people and classes of some schools, as people count changes, the newest sync first.
-- A sync that changed nothing in a school has no row for it.
-- PostgreSQL.
with journal as (
    select
        sync_id,
        entity,
        before is null as is_new,
        coalesce(after, before) as row,
        before is not null and coalesce(before ->> 'ended_at', before ->> 'archived_at') is null as was_live,
        after is not null and coalesce(after ->> 'ended_at', after ->> 'archived_at') is null as is_live
    from roster.changes
    where sync_id = any(:sync_ids) and entity in ('school_memberships', 'rosters')
),

changed as (
    select
        (row ->> 'school_id')::bigint as school_id,
        sync_id,
        case entity when 'rosters' then 'class' else row ->> 'role' end as noun,
        case
            when entity = 'rosters' and not is_live then 'archived'
            when entity = 'rosters' then case when is_new then 'new' else 'back' end
            when is_live then 'added to a school'
            else 'taken out of a school'
        end as became
    from journal
    where was_live <> is_live and (row ->> 'school_id')::bigint = any(:school_ids)
)

select school_id, sync_id, noun, became, count(*) as changes
from changed
group by school_id, sync_id, noun, became
order by school_id, sync_id desc, noun, became
