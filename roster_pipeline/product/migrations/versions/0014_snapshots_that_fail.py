"""When the analysts' file last took in each district, and why it did not since: alerts and commands read it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organizations", sa.Column("last_snapshot_at", sa.DateTime(timezone=True)), schema="roster")
    op.add_column("organizations", sa.Column("snapshot_failure", sa.Text()), schema="roster")
    op.drop_constraint("alerts_kind_check", "alerts", schema="roster")
    op.create_check_constraint(
        op.f("alerts_kind_check"), "alerts", "kind in ('failing', 'held', 'snapshot')", schema="roster"
    )
