-- The role of the Clever page, its grants and its visibility. Every upgrade runs this file.
--
-- The page reads as roster_page, one organization a request. It sets, for each transaction:
--   roster.organization  the organization
--   roster.sees          organization, schools, classes or self. Without it the role sees nothing.
--   roster.schools       the schools of a school admin, as an array such as {3,7}. An empty array sees nothing.
--   roster.account       the account that is logged in
-- A screen that reads or writes a new column or table needs a grant here, and a policy if the rows are a district's.
-- Row-level security uses an index only through leakproof operators: =, <, >=. It uses none for like, ilike and @@.

do $$
begin
    if not exists (select from pg_roles where rolname = 'roster_page') then
        create role roster_page nologin;
    end if;
    grant roster_page to current_user;
exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then
        raise notice 'An administrator has to create the role roster_page. Until then the Clever page does not start.';
end
$$;

-- audit trail

create or replace trigger refuse_change before update or delete on roster.web_audit for each row
when (current_setting('roster.writer', true) is distinct from 'erase')
execute function roster.refuse_write(
    'RS006', 'old', 'the audit trail is never rewritten', 'R5.18', 'Add a row that says what is right.'
);

create or replace trigger refuse_truncate before truncate on roster.web_audit for each statement
execute function roster.refuse_truncate('RS006', 'the audit trail is never rewritten', 'R5.18');

-- visibility. The functions run as their owner, so that a policy never asks another policy. The arrays of classes make the
-- planner look up each class in the index. From a table of classes it would read the members of all districts.

create or replace function roster.sees_all() returns boolean stable language sql
return coalesce(current_setting('roster.sees', true) = 'organization', false);

create or replace function roster.current_account() returns bigint stable language sql
return nullif(current_setting('roster.account', true), '')::bigint;

create or replace function roster.current_schools() returns bigint[] stable language sql
return coalesce(nullif(current_setting('roster.schools', true), ''), '{}')::bigint[];

create or replace function roster.visible_rosters() returns setof bigint
stable security definer set search_path = pg_catalog, pg_temp language sql
begin atomic
    select r.id from roster.rosters as r
    where r.organization_id = roster.current_organization()
        and current_setting('roster.sees', true) = 'schools' and r.school_id = any(roster.current_schools())
    union all
    select t.roster_id from roster.roster_teachers as t
    inner join roster.rosters as r on r.id = t.roster_id
    where r.organization_id = roster.current_organization()
        and current_setting('roster.sees', true) = 'classes' and t.account_id = roster.current_account()
        and t.ended_at is null
    union all
    select s.roster_id from roster.roster_students as s
    inner join roster.rosters as r on r.id = s.roster_id
    where r.organization_id = roster.current_organization()
        and current_setting('roster.sees', true) = 'self' and s.account_id = roster.current_account()
        and s.ended_at is null;
end;

-- The accounts of the people in the schools or the classes.
--   is_present   whether those are left out who are there no more. The lists have only the people who are there now. The
--                audit trail, the answers of Why? and the changes of an update name the former ones too.
create or replace function roster.visible_accounts(is_present boolean) returns setof bigint
stable security definer set search_path = pg_catalog, pg_temp language sql
begin atomic
    with classes as materialized (select r.id from roster.visible_rosters() as r (id))
    select roster.current_account()
    union
    select m.account_id from roster.school_memberships as m
    inner join roster.schools as s on s.id = m.school_id
    where current_setting('roster.sees', true) = 'schools' and m.school_id = any(roster.current_schools())
        and s.organization_id = roster.current_organization() and (m.ended_at is null or not is_present)
    union
    select t.account_id from roster.roster_teachers as t
    where t.roster_id = any(array(select c.id from classes as c)) and (t.ended_at is null or not is_present)
    union
    select s.account_id from roster.roster_students as s
    where s.roster_id = any(array(select c.id from classes as c)) and (s.ended_at is null or not is_present)
        and current_setting('roster.sees', true) <> 'self';
end;

create or replace function roster.visible_schools() returns setof bigint
stable security definer set search_path = pg_catalog, pg_temp language sql
begin atomic
    select s.id from roster.schools as s
    where s.organization_id = roster.current_organization()
        and current_setting('roster.sees', true) = 'schools' and s.id = any(roster.current_schools())
    union
    -- The classes of a school admin are those of the own schools, so they add no school.
    select r.school_id from roster.rosters as r
    where current_setting('roster.sees', true) <> 'schools' and r.id in (select roster.visible_rosters());
end;

-- logins. The account and the organization are not known before them.

-- Every place of an account with its name: its live memberships with the role in the directory, in which an admin who teaches is a
-- teacher, and the live schools that it administers.
create or replace function roster.places_of_account(account bigint) returns table (
    organization_id bigint, name text, district_id text, tier text, state text, time_zone text, shared_devices boolean,
    role text, is_admin boolean, admin_scope text, school_ids bigint[], first_name text, last_name text, email text
)
stable security definer set search_path = pg_catalog, pg_temp language sql
begin atomic
    select o.id, o.name, o.clever_district_id, o.tier, o.state, o.time_zone, o.shared_devices,
        d.role, m.is_admin, m.admin_scope,
        array(
            select s.id from roster.admin_schools as a inner join roster.schools as s on s.id = a.school_id
            where a.account_id = m.account_id and a.organization_id = o.id and a.ended_at is null
                and s.organization_id = o.id and s.archived_at is null
            order by s.id
        ),
        person.first_name, person.last_name, person.email
    from roster.org_memberships as m
    inner join roster.organizations as o on o.id = m.organization_id
    inner join roster.accounts as person on person.id = m.account_id
    inner join roster.directory as d on d.organization_id = m.organization_id and d.account_id = m.account_id
    where m.account_id = account and m.ended_at is null and person.archived_at is null
    order by o.id;
end;

-- The organization of a district, for a login.
create or replace function roster.organization_of_login(district text) returns table (
    organization_id bigint, tier text, state text
)
stable security definer set search_path = pg_catalog, pg_temp language sql
begin atomic
    select o.id, o.tier, o.state from roster.organizations as o where o.clever_district_id = district;
end;

-- The organization of all Library teachers. The first call makes it (docs/rules.md R3.1).
create or replace function roster.library_organization() returns bigint
volatile security definer set search_path = pg_catalog, pg_temp language plpgsql as $$
begin
    if not exists (select from roster.organizations where tier = 'library') then
        insert into roster.organizations (clever_district_id, name, tier)
        values ('library', 'Clever Library', 'library') on conflict do nothing;
    end if;
    return (select id from roster.organizations where tier = 'library');
end
$$;

-- The account that a login belongs to: by identity link, or by an earlier login with the same subject.
create or replace function roster.account_of_login(provider_name text, subject_id text) returns table (
    account_id bigint, organization_id bigint, is_archived boolean
)
stable security definer set search_path = pg_catalog, pg_temp language sql
begin atomic
    select l.account_id, l.organization_id, a.archived_at is not null
    from roster.identity_links as l inner join roster.accounts as a on a.id = l.account_id
    where provider_name = 'clever' and l.clever_id = subject_id and l.unlinked_at is null
    union all
    select i.account_id, null, a.archived_at is not null
    from roster.web_identities as i inner join roster.accounts as a on a.id = i.account_id
    where i.provider = provider_name and i.subject = subject_id and i.unlinked_at is null
    limit 1;
end;

-- The live account with exactly this email, and whether a login of this provider is pinned to it already. To Clever it is
-- pinned by an identity link too.
create or replace function roster.account_of_email(provider_name text, address text) returns table (
    account_id bigint, is_pinned boolean, domains text[]
)
stable security definer set search_path = pg_catalog, pg_temp language sql
begin atomic
    select a.id,
        exists (
            select from roster.web_identities as i
            where i.provider = provider_name and i.account_id = a.id and i.unlinked_at is null
        ) or provider_name = 'clever' and exists (
            select from roster.identity_links as l where l.account_id = a.id and l.unlinked_at is null
        ),
        array(
            select distinct unnest(o.google_domains)
            from roster.org_memberships as m inner join roster.organizations as o on o.id = m.organization_id
            where m.account_id = a.id and m.ended_at is null
        )
    from roster.accounts as a where a.email = address and a.archived_at is null;
end;

-- Whether a decision says that a person and an account are two people. A login by email does not open the account then.
create or replace function roster.is_other_person(person text, account bigint) returns boolean
stable security definer set search_path = pg_catalog, pg_temp language sql
begin atomic
    select exists (
        select from roster.reviews as r
        where r.clever_id = person and r.account_id = account and r.decision in ('different', 'create')
    );
end;

-- The account that an open review asks about, or that is another person than a near match (docs/rules.md R2.30), for an
-- admin of the whole district. It may belong to no organization, so row-level security does not show it. An account of another organization is not returned.
create or replace function roster.account_of_review(review bigint) returns table (
    id bigint, first_name text, last_name text, email text, role text
)
stable security definer set search_path = pg_catalog, pg_temp language sql
begin atomic
    select a.id, a.first_name, a.last_name, a.email, a.role
    from roster.reviews as r inner join roster.accounts as a on a.id = r.account_id
    where r.id = review and (r.state = 'open' or r.reason = 'near_match')
        and r.organization_id = roster.current_organization()
        and roster.sees_all()
        and not exists (
            select from roster.identity_links as l
            where l.account_id = a.id and l.unlinked_at is null and l.organization_id <> r.organization_id
        )
        and not exists (
            select from roster.org_memberships as m
            where m.account_id = a.id and m.ended_at is null and m.organization_id <> r.organization_id
        );
end;

-- The admins of the whole district, who decide what waits, for its other admins and its teachers.
create or replace function roster.deciding_admins() returns table (
    id bigint, first_name text, last_name text, email text
)
stable security definer set search_path = pg_catalog, pg_temp language sql
begin atomic
    select a.id, a.first_name, a.last_name, a.email
    from roster.org_memberships as m inner join roster.accounts as a on a.id = m.account_id
    where m.organization_id = roster.current_organization() and m.is_admin and m.admin_scope = 'organization'
        and m.ended_at is null and a.archived_at is null
        and current_setting('roster.sees', true) in ('organization', 'schools', 'classes');
end;

create or replace procedure roster.grant_page_access() language plpgsql as $$
declare
    policy record;
    own constant text := 'organization_id = (select roster.current_organization())';
    all_or constant text := '((select roster.sees_all()) or %s)';
    self constant text := 'account_id = (select roster.current_account())';
    -- Nobody decides for all of Clever Library, so its people see their own syncs, reviews and decisions.
    is_library constant text :=
        '(select exists (select from roster.organizations as o where o.tier = ''library'' and o.id = roster.current_organization()))';
    own_sync constant text := format('%s and (%s or (account_id is null and not %s))', own, self, is_library);
    own_review constant text := format(
        '%s and (not %s or clever_id in (select l.clever_id from roster.identity_links as l where l.%s))',
        own, is_library, self
    );
    own_decision constant text := format(
        '%s and (not %s or requested_by = ''account:'' || (select roster.current_account()))', own, is_library
    );
    member constant text := format(all_or, 'account_id in (select a.id from roster.visible_accounts(false) as a (id))');
    present constant text := format(all_or, 'account_id in (select a.id from roster.visible_accounts(true) as a (id))');
    sees constant text := '(select current_setting(''roster.sees'', true))';
    own_school constant text :=
        'exists (select from roster.schools as s where s.id = school_id)';
    own_roster constant text :=
        'exists (select from roster.rosters as r where r.id = roster_id)';
begin
    grant usage on schema roster to roster_page;
    grant select on
        roster.organizations, roster.schools, roster.accounts, roster.identity_links, roster.org_memberships,
        roster.school_memberships, roster.rosters, roster.roster_teachers, roster.roster_students,
        roster.pending_members, roster.reviews, roster.syncs, roster.holds, roster.changes, roster.refresh_requests,
        roster.admin_schools, roster.web_sessions, roster.web_codes, roster.web_identities, roster.web_preferences,
        roster.corrections, roster.web_audit, roster.directory, roster.library_tokens, roster.library_classes
        to roster_page;
    grant insert on
        roster.refresh_requests, roster.web_sessions, roster.web_codes, roster.web_identities, roster.web_preferences,
        roster.corrections, roster.web_audit, roster.admin_schools, roster.library_tokens, roster.library_classes
        to roster_page;
    grant update on roster.web_sessions, roster.web_preferences, roster.library_tokens to roster_page;
    grant update (chosen_at, removed_at) on roster.library_classes to roster_page;
    grant delete on roster.web_sessions, roster.web_codes, roster.library_tokens to roster_page;
    grant update (session_hash) on roster.web_codes to roster_page;
    -- Write protection keeps the classes from Clever as they are, but for hidden_at.
    grant update (hidden_at, name, archived_at) on roster.rosters to roster_page;
    grant insert (roster_id, account_id), update (ended_at) on roster.roster_students to roster_page;
    grant update (verified_at, is_admin, admin_scope) on roster.org_memberships to roster_page;
    grant update (ended_at, made_by, made_at) on roster.admin_schools to roster_page;

    -- Table, the rows that the page sees, and the rows that it may write where these are others. The rows that a subquery
    -- finds are those that the page sees. A table tests visible_accounts only where it has to, because that takes time.
    for policy in
        select * from (values
            ('organizations', 'id = (select roster.current_organization())', null),
            ('schools', own || ' and ' || format(all_or, 'id in (select roster.visible_schools())'), null),
            (
                'accounts',
                -- A list of a school admin reads a few accounts, and the place in a school is found sooner than all members.
                format(
                    '(%s = ''schools'' and exists (select from roster.school_memberships as m where m.account_id = accounts.id))',
                    sees
                ) || ' or exists (select from roster.org_memberships as m where m.account_id = accounts.id and m.' || own || ')',
                null
            ),
            ('directory', own || ' and ' || present, null),
            ('identity_links', own || ' and ' || member, null),
            ('org_memberships', own || ' and ' || member, own || ' and ' || present),
            -- A school admin sees every member of the own schools.
            ('school_memberships', format('%s and (%s = ''schools'' or %s)', own_school, sees, member), null),
            ('rosters', own || ' and ' || format(all_or, 'id in (select roster.visible_rosters())'), null),
            ('roster_teachers', own_roster, null),
            -- Who sees a class sees its students. A student sees nobody else.
            (
                'roster_students',
                format('%s and (%s <> ''self'' or account_id = (select roster.current_account()))', own_roster, sees),
                format(
                    '%s and (%s or account_id in (select a.account_id from roster.addable_students('''') as a))',
                    own_roster, member
                )
            ),
            ('pending_members', own_roster, null),
            ('reviews', own_review, null),
            ('syncs', own_sync, null),
            ('holds', 'sync_id in (select id from roster.syncs)', null),
            ('changes', 'sync_id in (select id from roster.syncs)', null),
            ('refresh_requests', format('%s and (scope <> ''library'' or requested_by_%s)', own, self), null),
            ('library_tokens', self, null),
            ('library_classes', own || ' and ' || self, null),
            ('admin_schools', own, null),
            ('corrections', own_decision, null),
            ('web_audit', own || ' and ' || member, null)
        ) as p (relation, visible, writable)
    loop
        execute format('alter table roster.%I enable row level security', policy.relation);
        execute format('drop policy if exists every_role on roster.%I', policy.relation);
        execute format('create policy every_role on roster.%I using (true)', policy.relation);
        execute format('drop policy if exists page_visibility on roster.%I', policy.relation);
        execute format(
            'create policy page_visibility on roster.%I as restrictive to roster_page using (%s) with check (%s)',
            policy.relation, policy.visible, coalesce(policy.writable, policy.visible)
        );
    end loop;
end
$$;

revoke execute on function
    roster.visible_rosters, roster.visible_accounts, roster.visible_schools,
    roster.places_of_account, roster.organization_of_login, roster.library_organization, roster.account_of_login,
    roster.account_of_email, roster.is_other_person, roster.account_of_review, roster.deciding_admins from public;

do $$
begin
    if exists (select from pg_roles where rolname = 'roster_page') then
        grant execute on function
            roster.visible_rosters, roster.visible_accounts, roster.visible_schools,
            roster.places_of_account, roster.organization_of_login, roster.library_organization, roster.account_of_login,
            roster.account_of_email, roster.is_other_person, roster.account_of_review, roster.deciding_admins,
            roster.find_people, roster.make_native_class, roster.addable_students to roster_page;
        call roster.grant_page_access();
    end if;
end
$$;
