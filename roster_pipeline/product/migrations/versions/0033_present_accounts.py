"""Run the SQL files again: the lists of a school admin have nobody who left the schools, and an admin may teach."""

revision = "0033"
down_revision = "0031"
branch_labels = None
depends_on = None
sql_digest = "64e1e2b6ea82ab33cedc6d8a32ce2cdad0f1f8e5eeb04fc5bca87c9941c8f62e"


def upgrade() -> None:
    """Change no table."""
