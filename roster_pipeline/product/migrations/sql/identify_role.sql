-- The role that may find the person of a person id, and its grants. Every upgrade runs this file.
--
-- No migration grants it to a user, the owner of the tables included. An administrator of the database gives the right:
-- grant roster_identify to USER. PostgreSQL lets a superuser, such as the only user of the bundled server, set the role
-- without a grant.

do $$
begin
    if not exists (select from pg_roles where rolname = 'roster_identify') then
        create role roster_identify nologin;
    end if;
exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then
        raise notice 'An administrator has to create the role roster_identify. Until then nobody identifies a person.';
end
$$;

do $$
begin
    if exists (select from pg_roles where rolname = 'roster_identify') then
        grant usage on schema roster to roster_identify;
        grant select (id, clever_district_id, tier, key_fingerprint) on roster.organizations to roster_identify;
        grant select (id, role, first_name, last_name, email) on roster.accounts to roster_identify;
        grant select (id, organization_id, account_id, clever_id, unlinked_at)
            on roster.identity_links to roster_identify;
        grant insert on roster.web_audit to roster_identify;
    end if;
end
$$;
