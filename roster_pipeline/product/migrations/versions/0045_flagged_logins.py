"""Let a review be decided from the beginning with the time of the decision, and know people who must not log in."""

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None
sql_digest = "5f5443b87dff36aee71e63d47d2f3222874bfec0db87f3130c22fe55481dff3e"


def upgrade() -> None:
    """Change nothing. The SQL files have the new grant and the new function."""
