"""The undo of an ex-admin's return leaves the ended row as it was: it says again that they were an admin.

The writer may not change that column. The undo names the accounts, by its journal, and the database gives it back.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

RETURN_UNDONE = """
create function roster.as_ex_admin() returns trigger language plpgsql as $$
begin
    new.is_admin := true;
    return new;
end
$$;

create trigger an_undone_return_leaves_an_ex_admin before update on roster.org_memberships for each row
when (
    current_setting('roster.writer', true) = 'sync'
    and old.ended_at is null and new.ended_at is not null
    and old.account_id::text = any(string_to_array(current_setting('roster.ex_admins', true), ' '))
)
execute function roster.as_ex_admin();
"""


def upgrade() -> None:
    op.execute(RETURN_UNDONE)
