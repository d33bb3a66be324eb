"""Move the schools of admins to `admin_schools`, and cut the audit trail to what a visitor of the page may see."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None
sql_digest = "7314862a1a1d9f2d8104239d4c7d8e5134d641345d500ec8a048d7a5548e0f30"


def upgrade() -> None:
    run_sql_file("admin_schools_only.sql")
