"""Add the index of the live students of a class. The search and the visibility read less of the tables."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0042"
down_revision = "0038"
branch_labels = None
depends_on = None
sql_digest = "15025bbed355a980aff43deb62da2f9770fe4c6b4ff8c4efe965b971d06f7017"


def upgrade() -> None:
    run_sql_file("member_indexes.sql")
