"""Run the SQL files again: the page names the admins who decide to those who may not."""

revision = "0057"
down_revision = "0055"
branch_labels = None
depends_on = None
sql_digest = "5cc0e2debfcbeaf6e95ada88595ccc9c311ec220dafb6bbd96ac345c1f7c1aa9"


def upgrade() -> None:
    """Change no table."""
