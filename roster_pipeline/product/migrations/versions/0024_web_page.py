"""Add the tables and columns of the Clever page: sessions, logins, admins with a scope, corrections and the audit."""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
sql_digest = "11b34428a5c2cc066c5f9e0dca722147d29f52838028f9985a6a380e358bf8f3"


def upgrade() -> None:
    run_sql_file("web_page.sql")
