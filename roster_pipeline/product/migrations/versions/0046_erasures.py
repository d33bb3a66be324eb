"""Add the records of erasures, and let the writer `erase` delete rows."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None
sql_digest = "4dba80978acb5b23fac80421a41aa064d821d5cdb5821eb56d7db51069ac1ff5"


def upgrade() -> None:
    run_sql_file("erasures.sql")
