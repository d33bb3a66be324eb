"""Rename table `parked_members` to `pending_members`, and remove the functions and triggers that have new names.

The journal keeps the old name of the table in the rows that were written before.
"""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_file("rename_pending_members.sql")
