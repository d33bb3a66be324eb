"""Index the classes of terms and courses, which the deletion of a term or course looks for."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None
sql_digest = "a7a40cda7055bb9d756c3c6e5509c32be56b12c5cb0d4c78d341fe9df4952119"


def upgrade() -> None:
    run_sql_file("place_indexes.sql")
