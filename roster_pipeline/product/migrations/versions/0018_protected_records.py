"""Write protection of Clever's memberships, of role and closing of its accounts, and of the records of syncs.

A membership of source `clever` may be changed by others in `verified_at`, `is_admin` and `admin_scope` alone. Undo and
approve trust the journal, `syncs`, `holds` and `reviews`: a forged row there would be written into the product, let a
held plan happen, or decide who a person is. Only this program writes them; `product.database.transaction` says so.

SQLSTATE RS007 is a membership, RS008 a record of syncs.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ANOTHER_HAND = "current_setting('roster.writer', true) is distinct from 'sync'"
ANOTHER_PROGRAM = "coalesce(current_setting('roster.writer', true), '') not in ('sync', 'program')"
PLACES = "Organizations, tiers, memberships"
FREE = "array['verified_at', 'is_admin', 'admin_scope']"

ACCOUNTS = f"""
drop trigger names_belong_to_clever on roster.accounts;
create trigger names_belong_to_clever before update on roster.accounts for each row
when (
    {ANOTHER_HAND} and (old.imported_from_clever or new.imported_from_clever)
    and (
        new.first_name, new.last_name, new.email, new.clever_email, new.imported_from_clever, new.role, new.archived_at
    ) is distinct from (
        old.first_name, old.last_name, old.email, old.clever_email, old.imported_from_clever, old.role, old.archived_at
    )
)
execute function roster.refuse(
    'RS001', 'old', 'name, email, role, C mark and closing belong to Clever', 'Who gets an account',
    'Change it in Clever; the next sync brings it. To make a person an admin, set is_admin of the membership.'
);

drop trigger accounts_of_clever_stay on roster.accounts;
create trigger accounts_of_clever_stay before delete on roster.accounts for each row
when ({ANOTHER_HAND} and old.imported_from_clever)
execute function roster.refuse(
    'RS001', 'old', 'an account from Clever is never deleted', 'Who gets an account',
    'Unshare the person in Clever; the next sync ends the memberships of the account.'
);
"""

MEMBERSHIPS = "\n".join(
    f"""
create trigger only_a_sync_makes_clever_memberships before insert on roster.{table} for each row
when ({ANOTHER_HAND} and new.source = 'clever')
execute function roster.refuse(
    'RS007', 'new', 'only a sync makes a membership of source clever', '{PLACES}',
    'Share the person in Clever, the next sync brings the membership; or make it with source native.'
);

create trigger clever_memberships_are_read_only before update on roster.{table} for each row
when (
    {ANOTHER_HAND} and 'clever' in (old.source, new.source)
    and to_jsonb(new) - {free} is distinct from to_jsonb(old) - {free}
)
execute function roster.refuse(
    'RS007', 'old', 'a membership of source clever is read-only{but}', '{PLACES}',
    'Change it in Clever; the next sync brings it.'
);

create trigger clever_memberships_stay before delete on roster.{table} for each row
when ({ANOTHER_HAND} and old.source = 'clever')
execute function roster.refuse(
    'RS007', 'old', 'a membership of source clever is never deleted', '{PLACES}',
    'Unshare the person in Clever; the next sync ends the membership.'
);

create trigger the_table_stays before truncate on roster.{table} for each statement
execute function roster.refuse_to_empty('RS007', 'a membership of source clever is never deleted', '{PLACES}');
"""
    for table, free, but in (
        ("org_memberships", FREE, " but for verified_at, is_admin and admin_scope"),
        ("school_memberships", "array[]::text[]", ""),
    )
)

CHANGES = f"""
create trigger only_a_sync_writes_the_journal before insert on roster.changes for each row
when ({ANOTHER_HAND})
execute function roster.refuse(
    'RS006', 'new', 'only a sync writes the journal', 'Safety',
    'Write the row itself: what is not from Clever needs no journal.'
);
"""

RECORDS = "\n".join(
    f"""
create trigger only_the_program_adds before insert on roster.{table} for each row
when ({ANOTHER_PROGRAM})
execute function roster.refuse('RS008', 'new', '{why}', '{rule}', '{instead}');

create trigger only_the_program_changes before update or delete on roster.{table} for each row
when ({ANOTHER_PROGRAM})
execute function roster.refuse('RS008', 'old', '{why}', '{rule}', '{instead}');

create trigger the_table_stays before truncate on roster.{table} for each statement
execute function roster.refuse_to_empty('RS008', '{why}', '{rule}');
"""
    for table, why, rule, instead in (
        (
            "syncs",
            "only roster-pipeline keeps the record of syncs",
            "Safety",
            "To ask for a sync, add a row to refresh_requests, or run: roster-pipeline sync",
        ),
        (
            "holds",
            "only roster-pipeline records holds and decisions on them",
            "Safety",
            "To decide, run: roster-pipeline approve PLAN, or: roster-pipeline reject PLAN",
        ),
        (
            "reviews",
            "only roster-pipeline records reviews and decisions on them",
            "Who is who",
            "To decide, run: roster-pipeline resolve REVIEW",
        ),
    )
)


def upgrade() -> None:
    for statements in (ACCOUNTS, MEMBERSHIPS, CHANGES, RECORDS):
        op.execute(statements)
