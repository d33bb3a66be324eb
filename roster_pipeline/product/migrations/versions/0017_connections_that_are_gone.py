"""An alert of its own says that the connection of a district is gone, whatever its syncs failed with before."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("alerts_kind_check", "alerts", schema="roster")
    op.create_check_constraint(
        op.f("alerts_kind_check"), "alerts", "kind in ('failing', 'held', 'snapshot', 'disconnected')", schema="roster"
    )
