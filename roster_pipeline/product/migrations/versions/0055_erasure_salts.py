"""Index the ends of syncs, and add a random value to the digests of erasures."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None
sql_digest = "f9bad8842f21e11a2ccf4022c1540b7d27cf36a9b737c3c4581ac7ae8128d1a4"


def upgrade() -> None:
    run_sql_file("sync_ends.sql")
    run_sql_file("erasure_salts.sql")
