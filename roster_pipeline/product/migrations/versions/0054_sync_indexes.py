"""Index the newest syncs of a district and the running syncs, which the ticks of sensors look for."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None
sql_digest = "fddcdd6c586ae0d32c7f147fb6a74f7f693327ab03a37fffc28612d391083aca"


def upgrade() -> None:
    run_sql_file("sync_indexes.sql")
