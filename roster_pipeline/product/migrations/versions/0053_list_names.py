"""Index the names of classes so that the role of the page uses it, and find visible accounts with one function."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None
sql_digest = "317c4d235bf3be38df24442fca7be2cb8afaad3d4701371d89d3eae32efd2bbd"


def upgrade() -> None:
    run_sql_file("list_names.sql")
