alter table roster.parked_members rename to pending_members;
do $$
declare
    old record;
begin
    for old in
        select conname as name from pg_constraint
        where conrelid = 'roster.pending_members'::regclass and starts_with(conname, 'parked_members')
    loop
        execute format(
            'alter table roster.pending_members rename constraint %I to %I',
            old.name, replace(old.name, 'parked_members', 'pending_members')
        );
    end loop;
end
$$;

-- The files that every upgrade runs create these again under their new names. A new database has none of them.
do $$
declare
    old record;
begin
    for old in
        select t.tgname as name, t.tgrelid::regclass as relation from pg_trigger as t
        inner join pg_proc as f on f.oid = t.tgfoid
        where f.pronamespace = 'roster'::regnamespace
            and f.proname in ('refuse', 'refuse_to_empty', 'without_admin', 'as_ex_admin')
    loop
        execute format('drop trigger %I on %s', old.name, old.relation);
    end loop;
    for old in
        select p.polname as name, p.polrelid::regclass as relation from pg_policy as p
        inner join pg_class as c on c.oid = p.polrelid
        where c.relnamespace = 'roster'::regnamespace
            and (p.polname = 'grants_decide' or starts_with(p.polname, 'one_organization'))
    loop
        execute format('drop policy %I on %s', old.name, old.relation);
    end loop;
    for old in
        select f.oid::regprocedure as routine from pg_proc as f
        where f.pronamespace = 'roster'::regnamespace and (
            starts_with(f.proname, 'raise_') or f.proname in (
                'refuse', 'refuse_to_empty', 'without_admin', 'as_ex_admin', 'is_from_clever', 'but_its_end',
                'own_organization', 'is_within_reach'
            )
        )
    loop
        execute format('drop routine %s', old.routine);
    end loop;
end
$$;
