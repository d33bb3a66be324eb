"""Add the terms and courses of organizations, and their references from rosters. The next sync fills them."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0049"
down_revision = "0046"
branch_labels = None
depends_on = None
sql_digest = "a8a6b030411a6f4143fc4ed31420a41a208dd9981d8deb4d86bf90ec59c4acc0"


def upgrade() -> None:
    run_sql_file("terms_and_courses.sql")
