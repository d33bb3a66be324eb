"""A uid for every sync, which does not come again in a restored database; requests for a preview; more triggers."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TRIGGERS = "trigger in ('nightly', 'manual', 'cli', 'page', 'library')"


def upgrade() -> None:
    uid = sa.Column("uid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False)
    op.add_column("syncs", uid, schema="roster")
    op.create_unique_constraint(op.f("syncs_uid_key"), "syncs", ["uid"], schema="roster")
    op.drop_constraint("syncs_trigger_check", "syncs", schema="roster")
    op.create_check_constraint(op.f("syncs_trigger_check"), "syncs", TRIGGERS, schema="roster")
    kind = sa.Column("kind", sa.Text(), server_default="update", nullable=False)
    op.add_column("refresh_requests", kind, schema="roster")
    op.create_check_constraint(
        op.f("refresh_requests_kind_check"), "refresh_requests", "kind in ('update', 'preview')", schema="roster"
    )
