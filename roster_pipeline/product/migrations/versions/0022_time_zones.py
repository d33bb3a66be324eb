"""Add the time zone in which a district reads times."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time_zone = sa.Column("time_zone", sa.Text(), server_default="America/New_York", nullable=False)
    op.add_column("organizations", time_zone, schema="roster")
