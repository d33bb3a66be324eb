-- The functions of tenant isolation and write protection. Every upgrade runs this file.

-- The organization whose rows this transaction may write. product/database.py sets it.
create or replace function roster.current_organization() returns bigint stable language sql
return nullif(current_setting('roster.organization', true), '')::bigint;

-- Whether a sync of the organization may write the account (docs/rules.md R2.14 and R2.26). It may if the account is
-- linked in the organization, or if the account is linked nowhere and is a member of no other organization. The function
-- runs as its owner, because row-level security hides the rows of other organizations.
create or replace function roster.is_writable_account(account_id bigint, organization_id bigint) returns boolean
stable security definer language sql
return organization_id is not null and coalesce(
    (
        select l.organization_id = is_writable_account.organization_id from roster.identity_links as l
        where l.account_id = is_writable_account.account_id and l.unlinked_at is null
    ),
    not exists (
        select from roster.org_memberships as m
        where m.account_id = is_writable_account.account_id and m.ended_at is null
            and m.organization_id <> is_writable_account.organization_id
    )
);
revoke execute on function roster.is_writable_account from public;

-- The given Clever ids that belong to another district. A record with such an id is rejected alone (docs/rules.md
-- R2.26). The function runs as its owner, who sees the rows of every district. It returns the ids and nothing else, not
-- even which district has one. The Library organization is no other district (docs/rules.md R3.13).
create or replace function roster.ids_of_other_districts(
    own bigint, people text[], schools text[], sections text[]
) returns table (resource text, clever_id text)
stable security definer set search_path = pg_catalog, pg_temp language sql
begin atomic
    with other as (select o.id from roster.organizations as o where o.id <> own and o.tier <> 'library')
    select 'people', l.clever_id from unnest(people) as wanted (id)
    join roster.identity_links as l on l.clever_id = wanted.id and l.unlinked_at is null
    where l.organization_id in (select other.id from other)
    union all
    select 'schools', s.clever_id from unnest(schools) as wanted (id)
    join roster.schools as s on s.clever_id = wanted.id
    where s.organization_id in (select other.id from other)
    union all
    select 'sections', r.clever_id from unnest(sections) as wanted (id)
    join roster.rosters as r on r.clever_id = wanted.id
    where r.organization_id in (select other.id from other);
end;
revoke execute on function roster.ids_of_other_districts from public;

create or replace function roster.is_clever_roster(roster_id bigint) returns boolean stable language sql as $$
    select exists (select from roster.rosters where id = $1 and source = 'clever')
$$;

-- An identity link without the columns that its end changes.
create or replace function roster.link_without_end(link jsonb) returns jsonb immutable language sql as $$
    select jsonb_object_agg(key, value) from jsonb_each(link) where not starts_with(key, 'unlinked_')
$$;

-- Refuses a write of one row. The message names the row by its ids and shows no other value of it.
-- Arguments: SQLSTATE, 'old' or 'new' for the row to name, the reason, the rule, what to do instead.
create or replace function roster.refuse_write() returns trigger language plpgsql as $$
declare
    ids text := (
        select string_agg(key || ' ' || value, ', ')
        from json_each_text(case tg_argv[1] when 'old' then to_json(old) else to_json(new) end)
        where key in ('id', 'roster_id', 'account_id', 'seq')
    );
begin
    raise exception using
        errcode = tg_argv[0],
        message = format(
            '%s of %s (%s) refused: %s (docs/rules.md %s)', lower(tg_op), tg_table_name, ids, tg_argv[2], tg_argv[3]
        ),
        hint = tg_argv[4];
end
$$;

-- Refuses TRUNCATE, which fires no trigger on rows.
-- Arguments: SQLSTATE, the reason, the rule.
create or replace function roster.refuse_truncate() returns trigger language plpgsql as $$
begin
    raise exception using
        errcode = tg_argv[0],
        message = format('truncate of %s refused: %s (docs/rules.md %s)', tg_table_name, tg_argv[1], tg_argv[2]),
        hint = 'Delete the product''s own rows one by one.';
end
$$;

create or replace function roster.clear_is_admin() returns trigger language plpgsql as $$
begin
    new.is_admin := false;
    return new;
end
$$;

create or replace function roster.restore_is_admin() returns trigger language plpgsql as $$
begin
    new.is_admin := true;
    return new;
end
$$;
