"""Run the SQL files again: the places of an account come with its name."""

from alembic import op

revision = "0038"
down_revision = "0033"
branch_labels = None
depends_on = None
sql_digest = "0376db764fe38cf8d98c0aeab5a5116c02b4a323f5bb58ac20d2eb6f6812a881"


def upgrade() -> None:
    """Drop the function whose columns change. The SQL files make it again."""
    op.execute("drop function if exists roster.places_of_account(bigint)")
