"""When each district was read, how and why so, and how long its Update Roster requests took."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ADDED = (
    ("organizations", "last_read_at"),
    ("organizations", "last_full_read_at"),
    ("refresh_requests", "started_at"),
    ("refresh_requests", "finished_at"),
)


def upgrade() -> None:
    for table, name in ADDED:
        op.add_column(table, sa.Column(name, sa.DateTime(timezone=True), nullable=True), schema="roster")
    op.add_column("syncs", sa.Column("mode_reason", sa.Text(), nullable=True), schema="roster")
    # Until now every sync read everything.
    for name in ("last_read_at", "last_full_read_at"):
        op.execute(f"update roster.organizations set {name} = last_published_at")
