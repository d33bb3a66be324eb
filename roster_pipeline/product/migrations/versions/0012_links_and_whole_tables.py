"""Only a sync links, and nobody empties a table that is locked row by row: TRUNCATE passes the triggers on rows."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

LINKS = """
create trigger only_a_sync_links before insert on roster.identity_links for each row
when (current_setting('roster.writer', true) is distinct from 'sync')
execute function roster.refuse(
    'RS005', 'new', 'only a sync links', 'Who is who',
    'Give both the same email in Clever and here; or decide the review of the person: roster-pipeline resolve.'
);
"""

FUNCTION = """
create function roster.refuse_to_empty() returns trigger language plpgsql as $$
-- Arguments: SQLSTATE; why; the rule.
begin
    raise exception using
        errcode = tg_argv[0],
        message = format('truncate of %s refused: %s (rule book, %s)', tg_table_name, tg_argv[1], tg_argv[2]),
        hint = 'Delete the rows that are the product''s own, one by one.';
end
$$;
"""

KEPT = {
    "accounts": ("RS001", "an account from Clever is never deleted", "Who gets an account"),
    "rosters": ("RS002", "a Clever roster is never deleted", "Rosters"),
    "roster_teachers": ("RS003", "members of a Clever roster are read-only", "Rosters"),
    "roster_students": ("RS003", "members of a Clever roster are read-only", "Rosters"),
    "parked_members": ("RS003", "members of a Clever roster are read-only", "Rosters"),
    "schools": ("RS004", "a school is never deleted", "Organizations, tiers, memberships"),
    "identity_links": ("RS005", "a link is never erased", "Who is who"),
    "changes": ("RS006", "the journal is never rewritten", "Safety"),
}
"""Table to SQLSTATE, why and the rule, as the triggers on its rows have them."""


def upgrade() -> None:
    op.execute(LINKS)
    op.execute(FUNCTION)
    for table, said in KEPT.items():
        arguments = ", ".join(f"'{word}'" for word in said)
        op.execute(
            f"create trigger the_table_stays before truncate on roster.{table} "
            f"for each statement execute function roster.refuse_to_empty({arguments})"
        )
