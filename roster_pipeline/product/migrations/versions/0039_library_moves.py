"""Run the SQL files again: the sync of a district that connects moves rosters of Clever Library to the district."""

revision = "0039"
down_revision = "0042"
branch_labels = None
depends_on = None
sql_digest = "15025bbed355a980aff43deb62da2f9770fe4c6b4ff8c4efe965b971d06f7017"


def upgrade() -> None:
    """Change no table."""
