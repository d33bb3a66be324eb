"""Syncs with their journal, what waits for a person, and Update Roster requests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("clever_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('open', 'resolved')", name=op.f("reviews_state_check")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["roster.organizations.id"], name=op.f("reviews_organization_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("reviews_pkey")),
        schema="roster",
    )
    op.create_index(
        "reviews_open",
        "reviews",
        ["clever_id", "reason"],
        unique=True,
        schema="roster",
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(op.f("reviews_organization_id_idx"), "reviews", ["organization_id"], unique=False, schema="roster")
    op.create_table(
        "syncs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("dagster_run_id", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), server_default="full", nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="running", nullable=False),
        sa.Column("plan_digest", sa.Text(), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("mode in ('auto', 'full', 'delta')", name=op.f("syncs_mode_check")),
        sa.CheckConstraint(
            "state in ('running', 'published', 'held', 'failed', 'undone')", name=op.f("syncs_state_check")
        ),
        sa.CheckConstraint("trigger in ('nightly', 'manual', 'cli')", name=op.f("syncs_trigger_check")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["roster.organizations.id"], name=op.f("syncs_organization_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("syncs_pkey")),
        schema="roster",
    )
    op.create_index(op.f("syncs_dagster_run_id_idx"), "syncs", ["dagster_run_id"], unique=False, schema="roster")
    op.create_index(
        op.f("syncs_organization_id_started_at_idx"),
        "syncs",
        ["organization_id", "started_at"],
        unique=False,
        schema="roster",
    )
    op.create_table(
        "changes",
        sa.Column("sync_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("op", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("sync_id", "seq", name=op.f("changes_pkey")),
        schema="roster",
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sync_id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_digest", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.CheckConstraint(
            "state in ('open', 'approved', 'rejected', 'stale', 'superseded')", name=op.f("holds_state_check")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["roster.organizations.id"], name=op.f("holds_organization_id_fkey")
        ),
        sa.ForeignKeyConstraint(["sync_id"], ["roster.syncs.id"], name=op.f("holds_sync_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("holds_pkey")),
        schema="roster",
    )
    op.create_index(op.f("holds_organization_id_idx"), "holds", ["organization_id"], unique=False, schema="roster")
    op.create_table(
        "refresh_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.Text(), server_default="district", nullable=False),
        sa.Column("scope_clever_id", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("sync_id", sa.BigInteger(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.CheckConstraint("scope in ('district', 'school', 'section')", name=op.f("refresh_requests_scope_check")),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'published', 'held', 'failed')",
            name=op.f("refresh_requests_state_check"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["roster.organizations.id"],
            name=op.f("refresh_requests_organization_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["sync_id"], ["roster.syncs.id"], name=op.f("refresh_requests_sync_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("refresh_requests_pkey")),
        schema="roster",
    )
    op.create_index(
        "refresh_requests_waiting",
        "refresh_requests",
        ["organization_id"],
        unique=False,
        schema="roster",
        postgresql_where=sa.text("state in ('queued', 'running')"),
    )
    op.create_table(
        "parked_members",
        sa.Column("roster_id", sa.BigInteger(), nullable=False),
        sa.Column("clever_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.CheckConstraint("role in ('teacher', 'student')", name=op.f("parked_members_role_check")),
        sa.ForeignKeyConstraint(["roster_id"], ["roster.rosters.id"], name=op.f("parked_members_roster_id_fkey")),
        sa.PrimaryKeyConstraint("roster_id", "clever_id", "role", name=op.f("parked_members_pkey")),
        schema="roster",
    )
