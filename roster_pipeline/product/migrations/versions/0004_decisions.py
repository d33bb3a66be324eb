"""What a review is about, what was decided and by whom, and which sync ended a link."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    decided_by = sa.Column("decided_by", sa.Text(), server_default="sync", nullable=False)
    op.add_column("identity_links", decided_by, schema="roster")
    op.add_column("identity_links", sa.Column("unlinked_sync_id", sa.BigInteger()), schema="roster")
    op.add_column("reviews", sa.Column("account_id", sa.BigInteger()), schema="roster")
    op.add_column("reviews", sa.Column("clever_says", postgresql.JSONB()), schema="roster")
    op.create_foreign_key(
        op.f("reviews_account_id_fkey"),
        "reviews",
        "accounts",
        ["account_id"],
        ["id"],
        source_schema="roster",
        referent_schema="roster",
    )
    op.drop_constraint(op.f("syncs_mode_check"), "syncs", schema="roster")
    op.create_check_constraint(
        op.f("syncs_mode_check"), "syncs", "mode in ('auto', 'full', 'delta', 'resolve', 'undo')", schema="roster"
    )
