"""Run the SQL files again: the lists of a school admin have nobody who left the schools, and an admin may teach."""

revision = "0033"
down_revision = "0034"
branch_labels = None
depends_on = None
sql_digest = "8ca607a5d5b9f0f0b8d7c41273bb5ab16cdaf78d6be70f4928721a8c5901a358"


def upgrade() -> None:
    """Change no table."""
