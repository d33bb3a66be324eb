-- The classes that teachers make on the Clever page. Every upgrade runs this file. Its functions are in PL/pgSQL, because
-- file page_role.sql creates the functions of visibility later.

-- Makes a class at the primary school of the teacher who is logged in, and returns its id. It runs as its owner, because
-- nobody sees a class that has no teacher yet. It returns null unless the transaction is a teacher's.
create or replace function roster.make_native_class(class_name text) returns bigint
security definer set search_path = pg_catalog, pg_temp language plpgsql as $$
declare
    class_id bigint;
begin
    insert into roster.rosters (organization_id, school_id, name)
    select
        m.organization_id,
        (
            select s.id from roster.school_memberships as sm
            inner join roster.schools as s on s.id = sm.school_id
            where sm.account_id = m.account_id and sm.ended_at is null and s.archived_at is null
                and s.organization_id = m.organization_id
            order by sm.is_primary desc, s.id limit 1
        ),
        class_name
    from roster.org_memberships as m
    where m.organization_id = roster.current_organization() and m.account_id = roster.current_account()
        and m.ended_at is null and current_setting('roster.sees', true) = 'classes'
    returning id into class_id;
    if class_id is not null then
        insert into roster.roster_teachers (roster_id, account_id, is_primary)
        values (class_id, roster.current_account(), true);
    end if;
    return class_id;
end
$$;
revoke execute on function roster.make_native_class from public;

-- The students whom the teacher who is logged in may add to a class made here: those of the teacher's classes from
-- Clever, those who were in a class made here before, and all of the teacher's schools if an admin verified the teacher.
-- It runs as its owner, because a teacher sees no student of another teacher.
--   searched   the beginnings of words of a name or an email, or an empty text for all students
create or replace function roster.addable_students(searched text) returns table (
    account_id bigint, name text, sort_name text
)
stable security definer set search_path = pg_catalog, pg_temp language plpgsql as $$
#variable_conflict use_column
begin
    return query
    with candidates as (
        select s.account_id from roster.roster_students as s
        inner join roster.rosters as r on r.id = s.roster_id
        where s.roster_id in (select roster.visible_rosters())
            and (r.source = 'native' or (s.ended_at is null and r.archived_at is null))
        union
        select student.account_id from roster.org_memberships as m
        inner join roster.school_memberships as own on own.account_id = m.account_id and own.ended_at is null
        inner join roster.schools as school
            on school.id = own.school_id and school.organization_id = m.organization_id and school.archived_at is null
        inner join roster.school_memberships as student
            on student.school_id = school.id and student.role = 'student' and student.ended_at is null
        where m.organization_id = roster.current_organization() and m.account_id = roster.current_account()
            and m.ended_at is null and m.verified_at is not null
    )
    select d.account_id, concat_ws(' ', a.first_name, a.last_name), d.sort_name
    from roster.directory as d
    inner join roster.accounts as a on a.id = d.account_id
    where current_setting('roster.sees', true) = 'classes'
        and d.organization_id = roster.current_organization() and d.role = 'student'
        and d.account_id in (select candidates.account_id from candidates)
        and (searched = '' or d.words @@ roster.search_query(d.organization_id, searched));
end
$$;
revoke execute on function roster.addable_students from public;
