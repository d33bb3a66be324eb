"""Add the grade of a student to the account."""

from alembic import op

revision = "0044"
down_revision = "0061"
branch_labels = None
depends_on = None
sql_digest = "5dd31aa47e9a5c64acd2d9008523487cfaa80aa8f22f794e9ac989f9ad3fe4d3"


def upgrade() -> None:
    op.execute("alter table roster.accounts add column grade text")
