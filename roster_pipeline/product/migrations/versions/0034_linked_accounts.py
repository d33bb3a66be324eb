"""Run the SQL files again: a login by email finds out that an identity link pins the account."""

revision = "0034"
down_revision = "0031"
branch_labels = None
depends_on = None
sql_digest = "9fc5cfb72cadb276deebb5e893490af60fef8333c63d14cca8a89fc059a1ec3d"


def upgrade() -> None:
    """Change no table."""
