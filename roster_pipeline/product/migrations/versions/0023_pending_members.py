"""Rename table `parked_members` to `pending_members`, and remove the functions and triggers that have new names.

The journal keeps the old name of the table in the rows that were written before.
"""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
sql_digest = "d4f59c30ba99f7ede09b899beddae937f3b5ef29f3d97daa3e1de5215d1f597e"


def upgrade() -> None:
    run_sql_file("rename_pending_members.sql")
