"""Let a review be decided from the beginning with the time of the decision, and know people who must not log in."""

revision = "0045"
down_revision = "0048"
branch_labels = None
depends_on = None
sql_digest = "d9b299ebee4588c64b79c2de85f6110e296dc7a92ed15e23fa1835e1658464c8"


def upgrade() -> None:
    """Change nothing. The SQL files have the new grant and the new function."""
