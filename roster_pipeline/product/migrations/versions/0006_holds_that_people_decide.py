"""Brakes of each organization, who decided a hold, and the proof of completeness of each sync."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("limits", "limits_once"):
        empty = sa.Column(column, postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)
        op.add_column("organizations", empty, schema="roster")
    op.add_column("holds", sa.Column("decided_by", sa.Text()), schema="roster")
    op.add_column("holds", sa.Column("decided_at", sa.DateTime(timezone=True)), schema="roster")
    op.add_column("holds", sa.Column("applied_sync_id", sa.BigInteger()), schema="roster")
    op.add_column("syncs", sa.Column("proof", postgresql.JSONB()), schema="roster")
