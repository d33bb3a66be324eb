"""Organizations, schools, accounts, who is linked and belongs where, and rosters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("imported_from_clever", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("clever_email", sa.Text(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role in ('teacher', 'student', 'admin')", name=op.f("accounts_role_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("accounts_pkey")),
        sa.UniqueConstraint("email", name=op.f("accounts_email_key")),
        schema="roster",
    )
    op.create_table(
        "organizations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("clever_district_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("last_clever_sync_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('active', 'paused', 'disconnected')", name=op.f("organizations_state_check")),
        sa.CheckConstraint("tier in ('secure_sync', 'library', 'sso_only')", name=op.f("organizations_tier_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("organizations_pkey")),
        sa.UniqueConstraint("clever_district_id", name=op.f("organizations_clever_district_id_key")),
        schema="roster",
    )
    op.create_table(
        "identity_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("clever_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("sync_id", sa.BigInteger(), nullable=True),
        sa.Column("linked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("unlinked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["roster.accounts.id"], name=op.f("identity_links_account_id_fkey")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["roster.organizations.id"], name=op.f("identity_links_organization_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("identity_links_pkey")),
        schema="roster",
    )
    op.create_index(
        "identity_links_live_account_id",
        "identity_links",
        ["account_id"],
        unique=True,
        schema="roster",
        postgresql_where=sa.text("unlinked_at is null"),
    )
    op.create_index(
        "identity_links_live_clever_id",
        "identity_links",
        ["clever_id"],
        unique=True,
        schema="roster",
        postgresql_where=sa.text("unlinked_at is null"),
    )
    op.create_index(
        op.f("identity_links_organization_id_idx"),
        "identity_links",
        ["organization_id"],
        unique=False,
        schema="roster",
    )
    op.create_table(
        "org_memberships",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), server_default="native", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role in ('teacher', 'student', 'admin')", name=op.f("org_memberships_role_check")),
        sa.CheckConstraint("source in ('clever', 'native')", name=op.f("org_memberships_source_check")),
        sa.ForeignKeyConstraint(["account_id"], ["roster.accounts.id"], name=op.f("org_memberships_account_id_fkey")),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["roster.organizations.id"],
            name=op.f("org_memberships_organization_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "account_id", name=op.f("org_memberships_pkey")),
        schema="roster",
    )
    op.create_index(
        op.f("org_memberships_account_id_idx"),
        "org_memberships",
        ["account_id"],
        unique=False,
        schema="roster",
    )
    op.create_table(
        "schools",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("clever_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sis_id", sa.Text(), nullable=True),
        sa.Column("nces_id", sa.Text(), nullable=True),
        sa.Column("low_grade", sa.Text(), nullable=True),
        sa.Column("high_grade", sa.Text(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["roster.organizations.id"], name=op.f("schools_organization_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("schools_pkey")),
        sa.UniqueConstraint("clever_id", name=op.f("schools_clever_id_key")),
        schema="roster",
    )
    op.create_index(op.f("schools_organization_id_idx"), "schools", ["organization_id"], unique=False, schema="roster")
    op.create_table(
        "rosters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=True),
        sa.Column("clever_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), server_default="native", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("period", sa.Text(), nullable=True),
        sa.Column("term_name", sa.Text(), nullable=True),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(source = 'clever') = (clever_id is not null)", name=op.f("rosters_source_has_clever_id_check")
        ),
        sa.CheckConstraint("source in ('clever', 'native')", name=op.f("rosters_source_check")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["roster.organizations.id"], name=op.f("rosters_organization_id_fkey")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["roster.schools.id"], name=op.f("rosters_school_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("rosters_pkey")),
        sa.UniqueConstraint("clever_id", name=op.f("rosters_clever_id_key")),
        schema="roster",
    )
    op.create_index(op.f("rosters_organization_id_idx"), "rosters", ["organization_id"], unique=False, schema="roster")
    op.create_table(
        "school_memberships",
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("source", sa.Text(), server_default="native", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role in ('teacher', 'student', 'admin')", name=op.f("school_memberships_role_check")),
        sa.CheckConstraint("source in ('clever', 'native')", name=op.f("school_memberships_source_check")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["roster.accounts.id"], name=op.f("school_memberships_account_id_fkey")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["roster.schools.id"], name=op.f("school_memberships_school_id_fkey")),
        sa.PrimaryKeyConstraint("school_id", "account_id", name=op.f("school_memberships_pkey")),
        schema="roster",
    )
    op.create_index(
        op.f("school_memberships_account_id_idx"),
        "school_memberships",
        ["account_id"],
        unique=False,
        schema="roster",
    )
    op.create_table(
        "roster_students",
        sa.Column("roster_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["roster.accounts.id"], name=op.f("roster_students_account_id_fkey")),
        sa.ForeignKeyConstraint(["roster_id"], ["roster.rosters.id"], name=op.f("roster_students_roster_id_fkey")),
        sa.PrimaryKeyConstraint("roster_id", "account_id", name=op.f("roster_students_pkey")),
        schema="roster",
    )
    op.create_index(
        op.f("roster_students_account_id_idx"),
        "roster_students",
        ["account_id"],
        unique=False,
        schema="roster",
    )
    op.create_table(
        "roster_teachers",
        sa.Column("roster_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["roster.accounts.id"], name=op.f("roster_teachers_account_id_fkey")),
        sa.ForeignKeyConstraint(["roster_id"], ["roster.rosters.id"], name=op.f("roster_teachers_roster_id_fkey")),
        sa.PrimaryKeyConstraint("roster_id", "account_id", name=op.f("roster_teachers_pkey")),
        schema="roster",
    )
    op.create_index(
        op.f("roster_teachers_account_id_idx"),
        "roster_teachers",
        ["account_id"],
        unique=False,
        schema="roster",
    )
