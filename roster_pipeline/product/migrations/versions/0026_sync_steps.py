"""Add the step of a running sync, and the result of a correction."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0026"
down_revision = "0024"
branch_labels = None
depends_on = None
sql_digest = "8bf254f45c36969186bd2da580337cf164714188b3267de112903989bd3f38db"


def upgrade() -> None:
    run_sql_file("sync_steps.sql")
