"""Add the index of the live students of a class. The search and the visibility read less of the tables."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0042"
down_revision = "0038"
branch_labels = None
depends_on = None
sql_digest = "06c98c40401d0ab087a9ed23cc160c4d93d3fce15e2ef3a398ff3b29b7d6c6b0"


def upgrade() -> None:
    run_sql_file("member_indexes.sql")
