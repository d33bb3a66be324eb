"""Create every table of schema `roster`.

Databases of earlier releases reach this revision by `sql/upgrade_to_baseline.sql`.
"""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0021"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_file("baseline.sql")
