"""Run the SQL files again: the fix list shows the accounts that are another person than a near match."""

revision = "0037"
down_revision = "0035"
branch_labels = None
depends_on = None
sql_digest = "3eb2b4cb6d421fa18cff3f3b58215a33ca2338605608b0403912a2689116a1ff"


def upgrade() -> None:
    """Change no table."""
