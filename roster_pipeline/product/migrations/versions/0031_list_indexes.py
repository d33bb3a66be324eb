"""Add indexes for the lists of the Clever page, and policies that test the visibility of accounts less often."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0031"
down_revision = "0028"
branch_labels = None
depends_on = None
sql_digest = "2b92119c5474f0efb672968d343e44cfc5a9a137e83a6e3fa6ccaddc9aae1b19"


def upgrade() -> None:
    run_sql_file("list_indexes.sql")
