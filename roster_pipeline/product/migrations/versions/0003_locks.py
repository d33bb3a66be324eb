"""Triggers that keep what Clever owns from any hand but the sync's.

A transaction of the sync says so (`product.database.write_as_sync`). Each condition asks for that first, so that the
sync's million rows never enter a function. The locks are against mistakes: who may write a table may also say so.

A refusal names the row by its ids, the rule of the rule book, and what to do instead; never what the row holds. Its
SQLSTATE is of a class of our own, so that nobody takes it for a missing grant (42501): RS001 an account, RS002 a
roster, RS003 the members of one, RS004 a school, RS005 a link, RS006 the journal.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ANOTHER_HAND = "current_setting('roster.writer', true) is distinct from 'sync'"

FUNCTIONS = """
create function roster.refuse() returns trigger language plpgsql as $$
-- Arguments: SQLSTATE; which row is meant, 'old' or 'new'; why; the rule; what to do instead.
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
            '%s of %s (%s) refused: %s (rule book, %s)', lower(tg_op), tg_table_name, ids, tg_argv[2], tg_argv[3]
        ),
        hint = tg_argv[4];
end
$$;

create function roster.is_from_clever(roster_id bigint) returns boolean stable language sql as $$
    select exists (select from roster.rosters where id = $1 and source = 'clever')
$$;

create function roster.but_its_end(link jsonb) returns jsonb immutable language sql as $$
    select jsonb_object_agg(key, value) from jsonb_each(link) where not starts_with(key, 'unlinked_')
$$;
"""

ACCOUNTS = f"""
create trigger only_a_sync_imports before insert on roster.accounts for each row
when ({ANOTHER_HAND} and new.imported_from_clever)
execute function roster.refuse(
    'RS001', 'new', 'only a sync marks an account as imported from Clever', 'Who gets an account',
    'Leave imported_from_clever false; a sync sets it once the person is linked.'
);

create trigger names_belong_to_clever before update on roster.accounts for each row
when (
    {ANOTHER_HAND} and (old.imported_from_clever or new.imported_from_clever)
    and (new.first_name, new.last_name, new.email, new.clever_email, new.imported_from_clever)
    is distinct from (old.first_name, old.last_name, old.email, old.clever_email, old.imported_from_clever)
)
execute function roster.refuse(
    'RS001', 'old', 'name, email and C mark belong to Clever', 'Who gets an account',
    'Change it in Clever; the next sync brings it.'
);

create trigger accounts_of_clever_stay before delete on roster.accounts for each row
when ({ANOTHER_HAND} and old.imported_from_clever)
execute function roster.refuse(
    'RS001', 'old', 'an account from Clever is never deleted', 'Who gets an account',
    'Set archived_at to close it.'
);
"""

ROSTERS = f"""
create trigger only_a_sync_makes_clever_rosters before insert on roster.rosters for each row
when ({ANOTHER_HAND} and new.source = 'clever')
execute function roster.refuse(
    'RS002', 'new', 'only a sync makes a Clever roster', 'Rosters',
    'Make the class in Clever, the next sync brings it; or make a native roster.'
);

create trigger clever_rosters_are_read_only before update on roster.rosters for each row
when (
    {ANOTHER_HAND} and 'clever' in (old.source, new.source)
    and to_jsonb(new) - 'hidden_at' is distinct from to_jsonb(old) - 'hidden_at'
)
execute function roster.refuse(
    'RS002', 'old', 'a Clever roster is read-only but for hidden_at', 'Rosters',
    'Change it in Clever; the next sync brings it. To put it out of sight, set hidden_at.'
);

create trigger clever_rosters_stay before delete on roster.rosters for each row
when ({ANOTHER_HAND} and old.source = 'clever')
execute function roster.refuse(
    'RS002', 'old', 'a Clever roster is never deleted', 'Rosters',
    'Set hidden_at to put it out of sight; once it is gone from Clever, the next sync archives it.'
);
"""

MEMBERS = "\n".join(
    f"""
create trigger clever_rosters_are_joined_in_clever before insert or update on roster.{table} for each row
when ({ANOTHER_HAND} and roster.is_from_clever(new.roster_id))
execute function roster.refuse(
    'RS003', 'new', 'members of a Clever roster are read-only', 'Rosters',
    'Add them in Clever, the next sync brings them; or use a native roster.'
);

create trigger clever_rosters_are_left_in_clever before update or delete on roster.{table} for each row
when ({ANOTHER_HAND} and roster.is_from_clever(old.roster_id))
execute function roster.refuse(
    'RS003', 'old', 'members of a Clever roster are read-only', 'Rosters',
    'Change them in Clever; the next sync brings it.'
);
"""
    for table in ("roster_teachers", "roster_students", "parked_members")
)

SCHOOLS = f"""
create trigger schools_belong_to_clever before update on roster.schools for each row
when (
    {ANOTHER_HAND}
    and (
        new.organization_id, new.clever_id, new.name, new.sis_id, new.nces_id, new.low_grade, new.high_grade,
        new.archived_at
    ) is distinct from (
        old.organization_id, old.clever_id, old.name, old.sis_id, old.nces_id, old.low_grade, old.high_grade,
        old.archived_at
    )
)
execute function roster.refuse(
    'RS004', 'old', 'a school is read-only', 'Organizations, tiers, memberships',
    'Change it in Clever; the next sync brings it.'
);

create trigger schools_stay before delete on roster.schools for each row
when ({ANOTHER_HAND})
execute function roster.refuse(
    'RS004', 'old', 'a school is never deleted', 'Organizations, tiers, memberships',
    'Unshare it in Clever; the next sync archives it.'
);
"""

IDENTITY_LINKS = f"""
create trigger links_only_end before update on roster.identity_links for each row
when ({ANOTHER_HAND} or roster.but_its_end(to_jsonb(new)) is distinct from roster.but_its_end(to_jsonb(old)))
execute function roster.refuse(
    'RS005', 'old', 'a link is never rewritten, and only a sync ends one', 'Who is who',
    'End the link and add another.'
);

create trigger links_stay before delete on roster.identity_links for each row
execute function roster.refuse(
    'RS005', 'old', 'a link is never erased', 'Who is who',
    'End the link; its row stays.'
);
"""

CHANGES = """
create trigger the_journal_stays before update or delete on roster.changes for each row
execute function roster.refuse(
    'RS006', 'old', 'the journal is never rewritten', 'Safety',
    'Undo the sync; that is journalled in rows of its own.'
);
"""


def upgrade() -> None:
    for statements in (FUNCTIONS, ACCOUNTS, ROSTERS, MEMBERS, SCHOOLS, IDENTITY_LINKS, CHANGES):
        op.execute(statements)
