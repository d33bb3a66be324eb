-- The changes of one sync as people count them, from its journal. They are the facts of plan/person_facts.sql and
-- plan/place_facts.sql, so the rows of one noun and change are as many as the change summary of the sync says. Each row
-- has the number of its noun and change, and its place among them by name. A reader who does not see the whole
-- organization gets the changes of the accounts, classes and schools that row-level security shows, and no reviews, terms
-- or courses. With a class or a school, these are the changes in it. A student who joins the district is added to the class then.
-- PostgreSQL.
with journal as (
    select
        -- The journal keeps the earlier name of the table.
        case entity when 'parked_members' then 'pending_members' else entity end as entity,
        coalesce(before, '{}') as old,
        coalesce(after, before) as row,
        before is null as is_new,
        before is not null and coalesce(
            before ->> 'ended_at', before ->> 'archived_at', before ->> 'unlinked_at',
            before ->> 'decided_at', nullif(before ->> 'state', 'open')
        ) is null as was_live,
        after is not null and coalesce(
            after ->> 'ended_at', after ->> 'archived_at', after ->> 'unlinked_at',
            after ->> 'decided_at', nullif(after ->> 'state', 'open')
        ) is null as is_live
    from roster.changes
    where sync_id = :sync_id
),

changed as (
    select
        entity,
        old,
        row,
        case
            when is_new then 'insert'
            when was_live and not is_live then 'end'
            when is_live and not was_live then 'restore'
            else 'update'
        end as op,
        was_live <> is_live as begins_or_ends,
        (row ->> 'account_id')::bigint as account_id,
        (row ->> 'roster_id')::bigint as roster_id,
        (row ->> 'school_id')::bigint as school_id,
        (row ->> 'id')::bigint as id
    from journal
),

members as (
    select * from changed where entity = 'org_memberships'
),

accounts as (
    select *, id in (select account_id from changed where entity = 'identity_links') as is_linked,
        row ->> 'email' is distinct from old ->> 'email' as has_other_email,
        (row ->> 'first_name', row ->> 'last_name')
        is distinct from (old ->> 'first_name', old ->> 'last_name') as has_other_name
    from changed
    where entity = 'accounts'
),

moved_people as (
    select account_id from members where op <> 'update'
),

moved_classes as (
    select id from changed where entity = 'rosters' and op <> 'update'
),

places as (
    select *, case entity when 'roster_students' then 'student' else 'teacher' end as role
    from changed
    where entity in ('roster_students', 'roster_teachers')
),

facts as (
    select
        row ->> 'role' as noun,
        case op when 'insert' then 'joined' when 'restore' then 'returned' when 'end' then 'left'
            else 'in another role' end as became,
        account_id::text as key,
        account_id,
        null::bigint as roster_id,
        null::bigint as school_id,
        false as follows,
        0 as grain,
        old,
        row
    from members
    union all
    select
        case when part.became in ('name', 'email') then row ->> 'role' || ' ' || part.became else row ->> 'role' end,
        case when part.became in ('name', 'email') then 'changed' else part.became end,
        id::text, id, null, null, id in (select account_id from moved_people), 3, old, row
    from accounts
    cross join lateral unnest(case
        when op = 'insert' then array['joined']
        when op = 'restore' then array['returned']
        when is_linked then array['linked to an account that was there']
        when has_other_email and has_other_name then array['name', 'email']
        when has_other_email then array['email']
        when has_other_name then array['name']
        else array['otherwise changed']
    end) as part (became)
    union all
    select
        'person', 'linked to an account that was there', account_id::text, account_id, null, null,
        account_id in (select account_id from members union all select id from accounts), 3, old, row
    from changed
    where entity = 'identity_links'
    union all
    select
        'review', case op when 'end' then 'closed' else 'opened' end,
        concat_ws('/', row ->> 'clever_id', row ->> 'reason', account_id), account_id, null, null, false, 3, old, row
    from changed
    -- A decision made without a review opens and closes none.
    where entity = 'reviews' and begins_or_ends
    union all
    select
        'school',
        case
            when op = 'insert' then 'new'
            when op = 'restore' then 'back'
            when op = 'end' then 'removed'
            when row ->> 'name' is distinct from old ->> 'name' then 'renamed'
            else 'changed'
        end,
        id::text, null, null, id, false, 1, old, row
    from changed
    where entity = 'schools'
    union all
    select
        case entity when 'terms' then 'term' else 'course' end,
        case
            when op = 'insert' then 'new'
            when op = 'restore' then 'back'
            when op = 'end' then 'removed'
            when row ->> 'name' is distinct from old ->> 'name' then 'renamed'
            else 'changed'
        end,
        id::text, null, null, null, false, 3, old, row
    from changed
    where entity in ('terms', 'courses')
    union all
    select
        row ->> 'role',
        case
            when op = 'end' then 'taken out of a school'
            when op in ('insert', 'restore') then 'added to a school'
            when row ->> 'is_primary' is distinct from old ->> 'is_primary' then 'with another main school'
            else 'in another role'
        end,
        account_id::text, account_id, null, school_id, account_id in (select account_id from moved_people), 1, old,
        row
    from changed
    where entity = 'school_memberships'
    union all
    select
        'class',
        case
            when op = 'insert' then 'new'
            when op = 'restore' then 'back'
            when op = 'end' then 'archived'
            when row ->> 'name' is distinct from old ->> 'name' then 'renamed'
            when row ->> 'school_id' is distinct from old ->> 'school_id' then 'moved to another school'
            else 'changed'
        end,
        id::text, null, id, school_id, false, 2, old, row
    from changed
    where entity = 'rosters'
    union all
    select
        case op when 'update' then 'class' else role end,
        case op when 'end' then 'taken out of a class' when 'update' then 'with another main teacher'
            else 'added to a class' end,
        case op when 'update' then roster_id else account_id end::text, account_id, roster_id, null,
        account_id in (select account_id from moved_people) or roster_id in (select id from moved_classes), 2, old, row
    from places
    union all
    select
        'person', case op when 'end' then 'no longer awaited' else 'awaited' end, row ->> 'clever_id', null, roster_id,
        null,
        op = 'end' and (roster_id in (select id from moved_classes) or row ->> 'clever_id' in (
            select link.clever_id from places
            inner join roster.identity_links as link
                on link.account_id = places.account_id and link.unlinked_at is null
            where places.op <> 'end'
        )),
        3, old, row
    from changed
    where entity = 'pending_members'
),

people_here as (
    select account_id from roster.roster_students where roster_id = :roster_id and ended_at is null
    union all
    select account_id from roster.roster_teachers where roster_id = :roster_id and ended_at is null
    union all
    select account_id from roster.school_memberships where school_id = :school_id and ended_at is null
),

visible as (
    select * from facts
    where
        case
            when cast(:roster_id as bigint) is not null then (grain = 2 and roster_id = :roster_id) or (
                grain = 3 and not follows and (roster_id = :roster_id or account_id in (select account_id from people_here))
            )
            when cast(:school_id as bigint) is not null then (grain = 1 and school_id = :school_id) or (
                grain > 1 and not follows and (
                    account_id in (select account_id from people_here)
                    or roster_id in (select id from roster.rosters where school_id = :school_id)
                )
            )
            else grain = 0 or not follows
        end
        and (:sees_all or (
            noun not in ('review', 'term', 'course')
            and (account_id is null or account_id in (select id from roster.accounts))
            and (roster_id is null or roster_id in (select id from roster.rosters))
            and (school_id is null or school_id in (select id from roster.schools))
        ))
),

counted as (
    -- Several rows of one key are one change. The one that is shown is the first by its place.
    select distinct on (noun, became, key) *, count(*) over (partition by noun, became, key) as places
    from visible
    order by noun, became, key, roster_id, school_id
),

named as (
    select
        counted.*,
        coalesce(
            -- A class whose main teacher changed has the account of the teacher.
            case when noun = 'class' then class.name end,
            nullif(concat_ws(' ', reviewed.first_name, reviewed.last_name), ''),
            nullif(concat_ws(' ', person.first_name, person.last_name), ''),
            -- A person without a name is not called by the class or the school of the change.
            case when person.id is null and reviewed.id is null then coalesce(class.name, school.name) end,
            case when noun in ('term', 'course') then row ->> 'name' end,
            ''
        ) as name,
        class.name as class_name,
        school.name as school_name
    from counted
    left join roster.accounts as person on person.id = counted.account_id
    -- A review is named by the person whose account it is, and not by the account in question.
    left join roster.identity_links as link
        on counted.noun = 'review' and link.clever_id = counted.row ->> 'clever_id' and link.unlinked_at is null
    left join roster.accounts as reviewed on reviewed.id = link.account_id
    left join roster.rosters as class on class.id = counted.roster_id
    left join roster.schools as school on school.id = counted.school_id
),

placed as (
    select
        *,
        count(*) over of_change as changes,
        row_number() over (of_change order by name, key) as place
    from named
    window of_change as (partition by noun, became)
)

select
    noun, became, changes, place, account_id, roster_id, school_id, name, class_name, school_name,
    nullif(concat_ws(' ', old ->> 'first_name', old ->> 'last_name', old ->> 'name'), '') as old_name,
    nullif(concat_ws(' ', row ->> 'first_name', row ->> 'last_name', row ->> 'name'), '') as new_name,
    old ->> 'email' as old_email, row ->> 'email' as new_email, places
from placed
where place <= :most
order by noun, became, place
