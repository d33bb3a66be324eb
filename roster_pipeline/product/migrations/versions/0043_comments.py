"""Change no table. An upgrade that applies a revision writes the comments of all tables and columns."""

revision = "0043"
down_revision = "0041"
branch_labels = None
depends_on = None
sql_digest = "15025bbed355a980aff43deb62da2f9770fe4c6b4ff8c4efe965b971d06f7017"


def upgrade() -> None:
    """Change no table."""
