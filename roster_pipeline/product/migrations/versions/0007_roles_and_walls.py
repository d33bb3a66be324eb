"""A writer that can do no more than a sync needs, a reader for analysts, and walls between organizations.

Two roles without login, of the whole server. `roster_writer` is whom a sync's statements run as that write roster
tables (`product.database.as_writer`): it may add rows, change the columns that Clever decides and append to the
journal, and takes nothing away but parked members. `roster_reader` may read what a snapshot is made of.

Both see, add and change rows of the organization alone whose id is in `roster.organization`; without it, none. For
everybody else grants decide as before. The walls are against mistakes: who may set the role may also name another
organization. A column that the writer is to write in future needs a grant in the migration that adds it.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ADDED = {
    "schools": "organization_id, clever_id, name, sis_id, nces_id, low_grade, high_grade",
    "accounts": "id, role, first_name, last_name, email, clever_email, imported_from_clever",
    "identity_links": "id, organization_id, clever_id, account_id, rule, evidence, sync_id, decided_by, linked_at, "
    "unlinked_sync_id",
    "org_memberships": "organization_id, account_id, source, role, verified_at",
    "school_memberships": "school_id, account_id, source, role, is_primary",
    "rosters": "organization_id, clever_id, source, school_id, name, subject, grade, period, term_name",
    "roster_teachers": "roster_id, account_id, is_primary",
    "roster_students": "roster_id, account_id",
    "parked_members": "roster_id, clever_id, role",
    "reviews": "id, organization_id, clever_id, reason, account_id, evidence, clever_says, state, decision, decided_by",
    "changes": "sync_id, entity, key, op, before, after",
}
"""What the writer gives a new row; every other column keeps its default."""
CHANGED = {
    "schools": "name, sis_id, nces_id, low_grade, high_grade, archived_at",
    "accounts": "role, first_name, last_name, email, clever_email, imported_from_clever, archived_at",
    "identity_links": "unlinked_sync_id, unlinked_at",
    "org_memberships": "role, ended_at",
    "school_memberships": "role, is_primary, ended_at",
    "rosters": "school_id, name, subject, grade, period, term_name, archived_at",
    "roster_teachers": "is_primary, ended_at",
    "roster_students": "ended_at",
    "parked_members": "role",  # to lock a row, one has to be allowed to change something of it
    "reviews": "state, decision, decided_by, decided_at",
}
READ = (
    *("organizations", "schools", "accounts", "identity_links", "org_memberships", "school_memberships"),
    *("rosters", "roster_teachers", "roster_students", "syncs"),
)
"""What a snapshot is made of."""
OWN = "(select roster.own_organization())"
BOTH = "roster_writer, roster_reader"
WALLS = (
    ("organizations", BOTH, f"id = {OWN}"),
    *(
        (table, BOTH, f"organization_id = {OWN}")
        for table in (
            *("schools", "identity_links", "org_memberships", "rosters", "reviews"),
            *("syncs", "holds", "refresh_requests"),
        )
    ),
    ("accounts", "roster_writer", f"roster.is_within_reach(id, {OWN})"),
    (
        "accounts",
        "roster_reader",
        "exists (select from roster.identity_links as l where l.account_id = accounts.id and l.unlinked_at is null) "
        "or exists (select from roster.org_memberships as m where m.account_id = accounts.id and m.ended_at is null)",
    ),
    # The schools, rosters and syncs that a role finds are those of the organization.
    ("school_memberships", BOTH, "exists (select from roster.schools where id = school_id)"),
    *(
        (table, BOTH, "exists (select from roster.rosters where id = roster_id)")
        for table in ("roster_teachers", "roster_students", "parked_members")
    ),
    ("changes", BOTH, "sync_id in (select id from roster.syncs)"),
)
"""Table, whom it stands before, and which rows are inside."""

FUNCTIONS = """
create function roster.own_organization() returns bigint stable language sql
return nullif(current_setting('roster.organization', true), '')::bigint;

-- Whether a sync of the organization may write the account: it is linked here, or it is linked nowhere and a member of
-- no other organization. What is elsewhere the writer cannot see by itself.
create function roster.is_within_reach(account_id bigint, organization_id bigint) returns boolean
stable security definer language sql
return organization_id is not null and coalesce(
    (
        select l.organization_id = is_within_reach.organization_id from roster.identity_links as l
        where l.account_id = is_within_reach.account_id and l.unlinked_at is null
    ),
    not exists (
        select from roster.org_memberships as m
        where m.account_id = is_within_reach.account_id and m.ended_at is null
            and m.organization_id <> is_within_reach.organization_id
    )
);
revoke execute on function roster.is_within_reach from public;
"""

ROLES = """
do $$
declare
    wanted text;
begin
    foreach wanted in array array['roster_writer', 'roster_reader'] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
        exception when duplicate_object or unique_violation then
            null;  -- another database of this server was migrated at the same time
        end;
    end loop;
    grant roster_writer to current_user;
exception when insufficient_privilege then
    raise notice 'The roles are left to an administrator; until then a sync writes as %.', current_user;
end
$$;

do $$
begin
    if (select count(*) = 2 from pg_roles where rolname in ('roster_writer', 'roster_reader')) then
        call roster.raise_walls();
    end if;
end
$$;
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)
    op.execute(f"create procedure roster.raise_walls() language plpgsql as $$ begin {_statements()} end $$")
    op.execute(ROLES)


def _statements() -> str:
    """Grants and policies; they can be repeated, because whoever has to make the roles by hand calls them later."""
    return ";\n".join([*_grants(), *(line for wall in WALLS for line in _wall(*wall)), ""])


def _grants() -> list[str]:
    return [
        f"grant usage on schema roster to {BOTH}",
        "execute format('grant temporary on database %I to roster_writer', current_database())",
        f"grant select on {', '.join(f'roster.{table}' for table in CHANGED)} to roster_writer",
        "grant select (id, organization_id) on roster.syncs to roster_writer",
        *(f"grant insert ({columns}) on roster.{table} to roster_writer" for table, columns in ADDED.items()),
        *(f"grant update ({columns}) on roster.{table} to roster_writer" for table, columns in CHANGED.items()),
        "grant delete on roster.parked_members to roster_writer",
        "grant execute on function roster.is_within_reach to roster_writer",
        f"grant select on {', '.join(f'roster.{table}' for table in READ)} to roster_reader",
    ]


def _wall(table: str, roles: str, inside: str) -> list[str]:
    """A policy that lets everybody be, as without policies; and one that these roles do not get past."""
    name = "one_organization" if roles == BOTH else f"one_organization_of_{roles}"
    return [
        f"alter table roster.{table} enable row level security",
        *(f"drop policy if exists {policy} on roster.{table}" for policy in ("grants_decide", name)),
        f"create policy grants_decide on roster.{table} using (true)",
        f"create policy {name} on roster.{table} as restrictive to {roles} using ({inside})",
    ]
