-- The two roles without login, their grants, and tenant isolation. Every upgrade runs this file.
--
-- A sync writes roster tables as roster_writer (product/database.py). The role may add rows, change the columns that
-- Clever decides and append to the journal. It may delete pending members and nothing else. roster_reader may read the
-- tables of a snapshot. Both roles see and write the rows of one organization, the one in the setting
-- roster.organization. Row-level security changes nothing for any other role. A new column that a sync writes needs a
-- grant here.

do $$
declare
    missing text;
begin
    foreach missing in array array['roster_writer', 'roster_reader'] loop
        begin
            if not exists (select from pg_roles where rolname = missing) then
                execute format('create role %I nologin', missing);
            end if;
        exception when duplicate_object or unique_violation then
            null;  -- Another database of this server was upgraded at the same time.
        end;
    end loop;
    grant roster_writer to current_user;
exception when insufficient_privilege then
    raise notice 'An administrator has to create the roles. Until then a sync writes as %.', current_user;
end
$$;

create or replace procedure roster.grant_access() language plpgsql as $$
declare
    tenant record;
    own constant text := '(select roster.current_organization())';
    own_row constant text := format('organization_id = %s', own);
    own_school constant text := 'exists (select from roster.schools where id = school_id)';
    own_term_and_course constant text := '(term_id is null or exists (select from roster.terms where id = term_id)) '
        'and (course_id is null or exists (select from roster.courses where id = course_id))';
    own_roster constant text := 'exists (select from roster.rosters where id = roster_id)';
    -- Whether the row has ended or its account may be written. An ended row gives nobody access, and an undo has to be
    -- able to end it. The first condition on the account is the fast one and holds for nearly every row.
    own_account constant text := format(
        '(ended_at is not null or exists (select from roster.identity_links as l '
        'where l.account_id = %%1$I.account_id and l.organization_id = %1$s and l.unlinked_at is null) '
        'or roster.is_writable_account(%%1$I.account_id, %1$s))', own
    );
begin
    grant usage on schema roster to roster_writer, roster_reader;
    execute format('grant temporary on database %I to roster_writer', current_database());

    grant select on
        roster.schools, roster.accounts, roster.identity_links, roster.org_memberships, roster.school_memberships,
        roster.rosters, roster.roster_teachers, roster.roster_students, roster.pending_members, roster.reviews,
        roster.terms, roster.courses
        to roster_writer;
    grant select (id, organization_id) on roster.syncs to roster_writer;
    grant execute on function roster.is_writable_account, roster.ids_of_other_districts to roster_writer;

    grant insert (organization_id, clever_id, name, sis_id, nces_id, low_grade, high_grade),
        update (name, sis_id, nces_id, low_grade, high_grade, archived_at) on roster.schools to roster_writer;
    grant insert (organization_id, clever_id, name, start_date, end_date),
        update (name, start_date, end_date, archived_at) on roster.terms to roster_writer;
    grant insert (organization_id, clever_id, number, name), update (number, name, archived_at)
        on roster.courses to roster_writer;
    grant insert (id, role, first_name, last_name, email, clever_email, imported_from_clever, grade),
        update (role, first_name, last_name, email, clever_email, imported_from_clever, grade, archived_at)
        on roster.accounts to roster_writer;
    grant insert (
            id, organization_id, clever_id, account_id, rule, evidence, sync_id, decided_by, linked_at, unlinked_sync_id
        ), update (unlinked_sync_id, unlinked_at) on roster.identity_links to roster_writer;
    grant insert (organization_id, account_id, source, role, verified_at), update (role, source, ended_at)
        on roster.org_memberships to roster_writer;
    grant insert (school_id, account_id, source, role, is_primary), update (role, is_primary, source, ended_at)
        on roster.school_memberships to roster_writer;
    grant insert (
            organization_id, clever_id, source, school_id, name, subject, grade, period, term_name, term_id, course_id
        ), update (
            organization_id, school_id, name, subject, grade, period, term_name, term_id, course_id, archived_at
        )
        on roster.rosters to roster_writer;
    grant insert (roster_id, account_id, is_primary), update (is_primary, ended_at)
        on roster.roster_teachers to roster_writer;
    grant insert (roster_id, account_id), update (ended_at) on roster.roster_students to roster_writer;
    -- The writer updates no pending member. PostgreSQL lets a role lock a row only if it may update a column.
    grant insert (roster_id, clever_id, role), update (role), delete on roster.pending_members to roster_writer;
    grant insert (
            id, organization_id, clever_id, reason, account_id, evidence, clever_says, state, decision, decided_by,
            decided_at
        ), update (state, decision, decided_by, decided_at) on roster.reviews to roster_writer;
    grant insert (sync_id, entity, key, op, before, after) on roster.changes to roster_writer;

    grant select on
        roster.organizations, roster.schools, roster.accounts, roster.identity_links, roster.org_memberships,
        roster.school_memberships, roster.rosters, roster.roster_teachers, roster.roster_students, roster.syncs,
        roster.terms, roster.courses
        to roster_reader;

    -- Table, the role where the policy is for one only, the rows that the role sees, and the rows that it may write
    -- where that is narrower. The schools, rosters and syncs that a subquery finds are those of the organization.
    for tenant in
        select * from (values
            ('organizations', null, format('id = %s', own), null),
            ('schools', null, own_row, null),
            ('terms', null, own_row, null),
            ('courses', null, own_row, null),
            (
                'identity_links', null, own_row, format(
                    '%s and (unlinked_at is not null or roster.is_writable_account(account_id, %s))', own_row, own
                )
            ),
            ('org_memberships', null, own_row, own_row || ' and ' || own_account),
            (
                'rosters', null, own_row,
                format('%s and (school_id is null or %s) and %s', own_row, own_school, own_term_and_course)
            ),
            ('reviews', null, own_row, null),
            ('syncs', null, own_row, null),
            ('holds', null, own_row, null),
            ('refresh_requests', null, own_row, null),
            ('accounts', 'roster_writer', format('roster.is_writable_account(id, %s)', own), null),
            (
                'accounts', 'roster_reader',
                'exists (select from roster.identity_links as l where l.account_id = accounts.id '
                'and l.unlinked_at is null) or exists (select from roster.org_memberships as m '
                'where m.account_id = accounts.id and m.ended_at is null)', null
            ),
            ('school_memberships', null, own_school, own_school || ' and ' || own_account),
            ('roster_teachers', null, own_roster, own_roster || ' and ' || own_account),
            ('roster_students', null, own_roster, own_roster || ' and ' || own_account),
            ('pending_members', null, own_roster, null),
            ('changes', null, 'sync_id in (select id from roster.syncs)', null)
        ) as policy (relation, only_role, visible, writable)
    loop
        execute format('alter table roster.%I enable row level security', tenant.relation);
        -- PostgreSQL shows no row unless a permissive policy allows it. The restrictive policies then narrow the rows.
        execute format('drop policy if exists every_role on roster.%I', tenant.relation);
        execute format('create policy every_role on roster.%I using (true)', tenant.relation);
        execute format(
            'drop policy if exists %I on roster.%I',
            concat_ws('_', 'tenant_isolation', tenant.only_role), tenant.relation
        );
        execute format(
            'create policy %I on roster.%I as restrictive to %s using (%s)',
            concat_ws('_', 'tenant_isolation', tenant.only_role), tenant.relation,
            coalesce(tenant.only_role, 'roster_writer, roster_reader'), tenant.visible
        ) || case
            when tenant.writable is null then ''
            else format(' with check (%s)', format(tenant.writable, tenant.relation))
        end;
    end loop;
end
$$;

do $$
begin
    if (select count(*) = 2 from pg_roles where rolname in ('roster_writer', 'roster_reader')) then
        call roster.grant_access();
    end if;
end
$$;
