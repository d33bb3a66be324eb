"""Run the SQL files again: the sync of a district that connects moves rosters of Clever Library to the district."""

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None
sql_digest = ""


def upgrade() -> None:
    """Change no table."""
