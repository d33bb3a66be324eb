"""Run the SQL files again: the sync of a district that connects moves rosters of Clever Library to the district."""

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None
sql_digest = "c3a63cebfd178d029962772cc7a39c1c7dff98512009c9d3be31815e224bca8a"


def upgrade() -> None:
    """Change no table."""
