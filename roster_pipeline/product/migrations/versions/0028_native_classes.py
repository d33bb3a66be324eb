"""Add the functions and grants with which teachers make classes on the Clever page."""

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None
sql_digest = "35d5d5c0904cc53f833492bece2e6e6d0bfc3dde0ae89655e1ea3f163a32f458"


def upgrade() -> None:
    """Change no table. The upgrade runs the repeated files afterwards."""
