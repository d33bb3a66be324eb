"""Run the SQL files again: the fix list shows the accounts that are another person than a near match."""

revision = "0037"
down_revision = "0033"
branch_labels = None
depends_on = None
sql_digest = "ae46681483544562be2759a642e499099b35d97ad873ab77b559b62b1d01f3a9"


def upgrade() -> None:
    """Change no table."""
