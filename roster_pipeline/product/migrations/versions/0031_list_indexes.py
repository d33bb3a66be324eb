"""Add indexes for the lists of the Clever page, and policies that test the visibility of accounts less often."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0031"
down_revision = "0029"
branch_labels = None
depends_on = None
sql_digest = "fad3ca0b5a794c7b744ba88d45aca6a3f0135f662ed5bc05b96725637acb62b6"


def upgrade() -> None:
    run_sql_file("list_indexes.sql")
