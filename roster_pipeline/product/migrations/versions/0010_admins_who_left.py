"""An admin whom the organization removed is no admin when Clever shares them again: a sync makes nobody an admin.

The row says that they were, and the writer may not change that column; so the database takes it away with the return.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

RETURNS = """
create function roster.without_admin() returns trigger language plpgsql as $$
begin
    new.is_admin := false;
    return new;
end
$$;

create trigger a_sync_makes_no_admin before update on roster.org_memberships for each row
when (
    current_setting('roster.writer', true) = 'sync'
    and old.ended_at is not null and new.ended_at is null and new.is_admin
)
execute function roster.without_admin();
"""


def upgrade() -> None:
    op.execute(RETURNS)
