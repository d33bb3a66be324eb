"""Add the numbers of what waits in an organization, which the worker of the Clever page counts after each sync."""

from alembic import op

revision = "0041"
down_revision = "0039"
branch_labels = None
depends_on = None
sql_digest = "15025bbed355a980aff43deb62da2f9770fe4c6b4ff8c4efe965b971d06f7017"


def upgrade() -> None:
    op.execute("alter table roster.organizations add column needs jsonb not null default '{}'")
