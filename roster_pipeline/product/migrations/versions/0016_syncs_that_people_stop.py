"""A sync that a person stopped, and the requests that it had taken up, are canceled and have not failed."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STATES = {
    "syncs": "state in ('running', 'published', 'held', 'failed', 'canceled', 'undone')",
    "refresh_requests": "state in ('queued', 'running', 'published', 'held', 'failed', 'canceled')",
}


def upgrade() -> None:
    for table, states in STATES.items():
        op.drop_constraint(f"{table}_state_check", table, schema="roster")
        op.create_check_constraint(op.f(f"{table}_state_check"), table, states, schema="roster")
