"""Add the tables and columns of Clever Library: tokens, chosen classes, and the teacher of a sync.

Districts of tier `library` became `sso_only` with the upgrade to the baseline, and `connect` refuses the tier.
"""

from roster_pipeline.product.migrations.sql_files import run_sql_file

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None
sql_digest = "01878839e86caafd7fc0b19ec92580a62e65f2d61a79b026e9fc96bc94d6e9df"


def upgrade() -> None:
    run_sql_file("library.sql")
