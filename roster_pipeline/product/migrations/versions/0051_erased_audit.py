"""Run the SQL files again: the writer `erase` may delete rows of the audit trail."""

revision = "0051"
down_revision = "0049"
branch_labels = None
depends_on = None
sql_digest = "2d789e429a0bebf09c47dad77c6b0ee3412c9ba8e8079b109b24a98b9e579cbd"


def upgrade() -> None:
    """Change no table."""
