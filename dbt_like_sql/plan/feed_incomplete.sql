-- Parts of which nothing may be removed, because the list that proves the absence is incomplete (docs/rules.md R5.4). A
-- list of people also proves that members of classes are gone. For it only the places of people who are gone are held.
with lists as (
    select step, part, resource, false as is_gone_only
    from plan.parts
    where part <> 'names_and_emails'
    union all
    select 10 as step, 'enrollments' as part, 'students' as resource, true as is_gone_only
    union all
    select 11 as step, 'class_teachers' as part, 'teachers' as resource, true as is_gone_only
),

removals as (
    select list.step, list.part, list.is_gone_only, count(*) as removals
    from lists as list
    inner join plan.holdable_changes as change on change.part = list.part
    where list.resource in (select resource from plan.incomplete_lists)
        and not change.is_held
        and (change.is_person_gone or not list.is_gone_only)
    group by all
),

places as (
    select 'enrollments' as part, clever_id from baseline.roster_students where not is_ended and not is_native
    union all
    select 'class_teachers' as part, clever_id from baseline.roster_teachers where not is_ended and not is_native
),

counts as (
    select part, row_count, false as is_gone_only
    from plan.baseline_counts
    union all
    select part, count(*) as row_count, true as is_gone_only
    from places
    where coalesce(clever_id not in (select clever_id from marts.org_memberships), true)
    group by part
)

select
    removals.step,
    removals.part,
    null::varchar as unit,
    removals.is_gone_only,
    removals.removals,
    coalesce(counts.row_count, 0) as row_count,
    0.0::double as share
from removals
left join counts on counts.part = removals.part and counts.is_gone_only = removals.is_gone_only
