"""Run the SQL files again: the page may read the account that a review asks about."""

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None
sql_digest = "6f437158673c98d903e395be6de32b4304881058af658fd36f0c4450d7deb841"


def upgrade() -> None:
    """Change no table."""
