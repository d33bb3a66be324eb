"""Run the SQL files again: the places of an account come with its name."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None
sql_digest = "b7fcc298f7e86bad12515544f76b36cb91af793e88d3ba59688ecdafd296d3a9"


def upgrade() -> None:
    """Drop the function whose columns change. The SQL files make it again."""
    op.execute("drop function if exists roster.places_of_account(bigint)")
