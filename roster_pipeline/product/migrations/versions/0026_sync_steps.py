"""Add the step of a running sync, and the result of a correction."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
sql_digest = "aedf771ed61c7aadfe4c8e7ca47ba819bd467e1027a397e211a84343e2eb2334"


def upgrade() -> None:
    run_sql_file("sync_steps.sql")
