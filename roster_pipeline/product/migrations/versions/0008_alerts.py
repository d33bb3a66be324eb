"""What was told about each district: that it began to fail or to wait for a person, and that it recovered."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sync_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("recovered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('failing', 'held')", name=op.f("alerts_kind_check")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["roster.organizations.id"], name=op.f("alerts_organization_id_fkey")
        ),
        sa.ForeignKeyConstraint(["sync_id"], ["roster.syncs.id"], name=op.f("alerts_sync_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("alerts_pkey")),
        schema="roster",
    )
    op.create_index(
        "alerts_open",
        "alerts",
        ["organization_id", "kind"],
        unique=True,
        schema="roster",
        postgresql_where=sa.text("recovered_at is null"),
    )
