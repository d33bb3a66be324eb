"""Run the SQL files again: the places of an account come with its name."""

from alembic import op

revision = "0038"
down_revision = "0035"
branch_labels = None
depends_on = None
sql_digest = "5d2b4e49f2e0142a1e743bb9955cbe310cb355f5994b9cfa7a55ceb59c309ed4"


def upgrade() -> None:
    """Drop the function whose columns change. The SQL files make it again."""
    op.execute("drop function if exists roster.places_of_account(bigint)")
