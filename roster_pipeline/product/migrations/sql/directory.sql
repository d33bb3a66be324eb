-- The directory of people: how names are folded, the triggers that keep it, and the search. Every upgrade runs this file.
--
-- A person has a row for each organization in which a membership is live. The page searches the directory only through
-- find_people, because row-level security uses no index for @@.

-- A text without accents, in small letters, for sorting and for search.
create or replace function roster.fold_text(text) returns text immutable parallel safe language sql
return lower(
    translate(
        regexp_replace(
            normalize("left"($1, 1000), nfkd),
            '[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u200b-\u200f\u202a-\u202e\u2060-\u2069]', '', 'g'
        ),
        'ØøŁłĐđıħŦŧ', 'OoLlDdihTt'
    )
);

-- The folded words of a text. An apostrophe is no end of a word. The bounds keep a row small, whatever a name holds.
create or replace function roster.search_words(text) returns text[] immutable parallel safe language sql
return array(
    select distinct "left"(word, 100)
    from regexp_split_to_table(
        regexp_replace(roster.fold_text($1), '[''\u2018\u2019\u02bc]', '', 'g'),
        '[\s!-/:-@\[-`{-~\u00a0\u2010-\u2015\u3000]+'
    ) as word
    where word <> ''
);

create or replace function roster.sort_name(first_name text, last_name text) returns text
immutable parallel safe language sql
return trim(
    concat_ws(' ', "left"(roster.fold_text(last_name), 60), "left"(roster.fold_text(first_name), 60))
) collate "C";

-- The words of a person. Each carries the organization, so that a search reads no entry of another one in the index.
create or replace function roster.directory_words(
    organization_id bigint, first_name text, last_name text, email text
) returns tsvector immutable parallel safe language sql
return array_to_tsvector(array(
    select organization_id || '_' || word
    from unnest(
        roster.search_words(first_name) || roster.search_words(last_name) || roster.search_words(email)
    ) as word
    group by word
));

-- Brings the rows of some accounts up to date. An admin who teaches a class of the organization counts as a teacher.
create or replace function roster.update_directory(account_ids bigint[]) returns void language plpgsql as $$
begin
    delete from roster.directory as d
    using unnest(account_ids) as changed (id)
    where d.account_id = changed.id and not exists (
        select from roster.org_memberships as m
        where m.organization_id = d.organization_id and m.account_id = d.account_id and m.ended_at is null
    );
    insert into roster.directory as d (organization_id, account_id, role, sort_name, words)
    select
        m.organization_id,
        m.account_id,
        case
            when m.role = 'admin' and exists (
                select from roster.roster_teachers as t
                inner join roster.rosters as r on r.id = t.roster_id
                where t.account_id = m.account_id and t.ended_at is null and r.organization_id = m.organization_id
            ) then 'teacher'
            else m.role
        end,
        roster.sort_name(a.first_name, a.last_name),
        roster.directory_words(m.organization_id, a.first_name, a.last_name, a.email)
    from unnest(account_ids) as changed (id)
    inner join roster.org_memberships as m on m.account_id = changed.id and m.ended_at is null
    inner join roster.accounts as a on a.id = m.account_id
    on conflict (organization_id, account_id) do update
        set role = excluded.role, sort_name = excluded.sort_name, words = excluded.words
        where (d.role, d.sort_name, d.words) is distinct from (excluded.role, excluded.sort_name, excluded.words);
end
$$;
revoke execute on function roster.update_directory from public;

-- The functions of the triggers run as their owner, because the role of a sync has no grant on the directory.

create or replace function roster.update_directory_members() returns trigger
security definer set search_path = pg_catalog, pg_temp language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        perform roster.update_directory(array(select distinct account_id from old_rows));
    else
        perform roster.update_directory(array(select distinct account_id from new_rows));
    end if;
    return null;
end
$$;

create or replace function roster.update_directory_names() returns trigger
security definer set search_path = pg_catalog, pg_temp language plpgsql as $$
declare
    renamed constant bigint[] := array(
        select n.id from new_rows as n inner join old_rows as o on o.id = n.id
        where (n.first_name, n.last_name, n.email) is distinct from (o.first_name, o.last_name, o.email)
    );
begin
    if cardinality(renamed) > 0 then
        perform roster.update_directory(renamed);
    end if;
    return null;
end
$$;

create or replace function roster.update_directory_teachers() returns trigger
security definer set search_path = pg_catalog, pg_temp language plpgsql as $$
declare
    admins constant bigint[] := array(
        select distinct n.account_id from new_rows as n
        inner join roster.org_memberships as m on m.account_id = n.account_id and m.role = 'admin'
    );
begin
    if cardinality(admins) > 0 then
        perform roster.update_directory(admins);
    end if;
    return null;
end
$$;

create or replace trigger directory_of_new_members after insert on roster.org_memberships
referencing new table as new_rows for each statement execute function roster.update_directory_members();

create or replace trigger directory_of_changed_members after update on roster.org_memberships
referencing new table as new_rows for each statement execute function roster.update_directory_members();

create or replace trigger directory_of_deleted_members after delete on roster.org_memberships
referencing old table as old_rows for each statement execute function roster.update_directory_members();

create or replace trigger directory_of_renamed_accounts after update on roster.accounts
referencing old table as old_rows new table as new_rows
for each statement execute function roster.update_directory_names();

create or replace trigger directory_of_new_teachers after insert on roster.roster_teachers
referencing new table as new_rows for each statement execute function roster.update_directory_teachers();

create or replace trigger directory_of_changed_teachers after update on roster.roster_teachers
referencing new table as new_rows for each statement execute function roster.update_directory_teachers();

-- An upgrade from a release without directory fills it.
do $$
begin
    if not exists (select from roster.directory) then
        perform roster.update_directory(array(select distinct account_id from roster.org_memberships));
    end if;
end
$$;

-- The query for the people who have words that begin with the words of a text, or null for a text without a word.
create or replace function roster.search_query(organization_id bigint, searched text) returns tsquery
immutable parallel safe language sql
return (
    select string_agg(quote_literal(organization_id || '_' || term) || ':*', ' & ')::tsquery
    from unnest((roster.search_words(searched))[1:10]) as term
);

-- Search. Finds people of the organization of the transaction by the beginnings of words of name and email, as far as
-- the transaction may see them. It runs as its owner, so it applies the visibility itself. People whose last name begins
-- with one of the words, and whose name has the others, come first.
--   person_role   the role in the directory
--   searched      what the person typed, or null for everybody
--   after_id      the account after which the rows go on, or null
--   page_size     the most rows, or null for all
create or replace function roster.find_people(person_role text, searched text, after_id bigint, page_size bigint)
returns table (account_id bigint, is_first_choice boolean, sort_name text)
stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
language plpgsql as $$
#variable_conflict use_column
declare
    own constant bigint := roster.current_organization();
    terms constant text[] := (roster.search_words(searched))[1:10];
    all_terms constant tsquery := roster.search_query(own, searched);
    -- No word holds a wildcard, because wildcards end a word.
    name_patterns constant text[] := array(select '% ' || term || '%' from unnest(terms) as term);
    last_name_patterns constant text[] := array(select term || '%' from unnest(terms) as term);
    -- One word, or single letters, can match so many people that the first choices are read in the order of their names.
    -- Several words match few people, who are all read.
    is_broad constant boolean := cardinality(terms) = 1 or not exists (select from unnest(terms) as t where length(t) > 1);
    after_name constant text := (
        select d.sort_name from roster.directory as d where d.organization_id = own and d.account_id = after_id
    );
    is_after_first_choice constant boolean :=
        after_name like any(last_name_patterns) and ' ' || after_name like all(name_patterns);
    sees_all constant boolean := roster.sees_all();
    found_rows bigint := 0;
begin
    if searched is null then
        return query
        select d.account_id, false, d.sort_name
        from roster.directory as d
        where d.organization_id = own and d.role = person_role
            and (after_name is null or (d.sort_name, d.account_id) > (after_name collate "C", after_id))
            and (sees_all or d.account_id = any(array(select a.id from roster.visible_accounts(true) as a (id))))
        order by d.sort_name, d.account_id
        limit page_size;
        return;
    end if;
    if is_broad and (after_name is null or is_after_first_choice) then
        return query
        select d.account_id, true, d.sort_name
        from unnest(terms) as term
        cross join lateral (
            select d.account_id, d.sort_name from roster.directory as d
            where d.organization_id = own and d.role = person_role
                and d.sort_name >= term collate "C" and d.sort_name < (term || chr(1114111)) collate "C"
                and ' ' || d.sort_name like all(name_patterns)
                and (after_name is null or (d.sort_name, d.account_id) > (after_name collate "C", after_id))
                and (sees_all or d.account_id in (select a.id from roster.visible_accounts(true) as a (id)))
            order by d.sort_name, d.account_id
            limit page_size
        ) as d
        group by d.sort_name, d.account_id
        order by d.sort_name, d.account_id
        limit page_size;
        get diagnostics found_rows = row_count;
    end if;
    if page_size is null or found_rows < page_size then
        return query
        -- The planner would walk the names in order and test each, if it saw the limit beside the words.
        with hits as materialized (
            select d.account_id, d.sort_name,
                d.sort_name like any(last_name_patterns) and ' ' || d.sort_name like all(name_patterns) as is_first
            from roster.directory as d
            where d.words @@ all_terms and d.organization_id = own and d.role = person_role
        )
        select h.account_id, h.is_first, h.sort_name from hits as h
        where not (is_broad and h.is_first)
            and (
                after_name is null
                or (not h.is_first, h.sort_name, h.account_id)
                > (not is_after_first_choice, after_name collate "C", after_id)
            )
            and (sees_all or h.account_id in (select a.id from roster.visible_accounts(true) as a (id)))
        order by h.is_first desc, h.sort_name, h.account_id
        limit page_size - found_rows;
    end if;
end
$$;
revoke execute on function roster.find_people from public;
