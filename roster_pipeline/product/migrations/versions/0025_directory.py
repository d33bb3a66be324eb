"""Add the directory, from which the Clever page lists and finds people."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None
sql_digest = "5b1503355109542b8e257d07962884368cec05d28421228a53ba2d2a3b8b3c3b"


def upgrade() -> None:
    run_sql_file("directory_table.sql")
