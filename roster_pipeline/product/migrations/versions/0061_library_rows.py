"""Run the SQL files again: a person of Clever Library sees the own syncs, reviews and decisions alone."""

revision = "0061"
down_revision = "0043"
branch_labels = None
depends_on = None
sql_digest = "e7612c6343f998c619a3ccf999109913b2e667fe4f9371c67dce02248471e40f"


def upgrade() -> None:
    """Change no table."""
