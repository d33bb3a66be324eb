"""The tables of schema `roster`, as others use them. Ended rows stay; `*_at` is timestamptz, UTC.

The product's own rows (native rosters, accounts that signed up by themselves, admins) live in the same tables and are
made by others. Migrations create these tables; this module is what queries are written against.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from roster_pipeline.product.columns import SCHEMA as SCHEMA
from roster_pipeline.product.columns import choice, reference, surrogate_key, timestamp, unique_where
from roster_pipeline.product.columns import metadata as metadata
from roster_pipeline.product.comments import add_comments
from roster_pipeline.product.erasure_tables import erasures as erasures
from roster_pipeline.product.place_tables import courses as courses
from roster_pipeline.product.place_tables import schools as schools
from roster_pipeline.product.place_tables import terms as terms
from roster_pipeline.product.web_tables import admin_schools as admin_schools
from roster_pipeline.product.web_tables import corrections as corrections
from roster_pipeline.product.web_tables import directory as directory
from roster_pipeline.product.web_tables import library_classes as library_classes
from roster_pipeline.product.web_tables import library_tokens as library_tokens
from roster_pipeline.product.web_tables import web_audit as web_audit
from roster_pipeline.product.web_tables import web_codes as web_codes
from roster_pipeline.product.web_tables import web_identities as web_identities
from roster_pipeline.product.web_tables import web_preferences as web_preferences
from roster_pipeline.product.web_tables import web_sessions as web_sessions

TIME_ZONE = "America/New_York"
"""The time zone of a district for which the operator names none."""
TRIGGERS = ("nightly", "manual", "cli", "page", "library")
"""What starts a sync: the schedule, the Dagster UI or a refresh request, a command, the page, a Library teacher."""

organizations = Table(
    "organizations",
    metadata,
    surrogate_key(),
    Column("clever_district_id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    *choice("tier", "secure_sync", "library", "sso_only"),
    *choice("state", "active", "paused", "disconnected", default="active"),
    *(Column(name, JSONB, nullable=False, server_default=text("'{}'")) for name in ("limits", "limits_once", "needs")),
    *(timestamp(f"last_{what}_at") for what in ("clever_sync", "read", "full_read", "published", "snapshot")),
    *(Column(name, Text) for name in ("snapshot_failure", "clever_state", "clever_error", "portal_url")),
    *(timestamp(name) for name in ("clever_pause_end", "missing_since", "operator_disconnected_at")),
    Column("time_zone", Text, nullable=False, server_default=TIME_ZONE),
    Column("shared_devices", Boolean, nullable=False, server_default=false()),
    Column("google_domains", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("key_fingerprint", Text),
    unique_where("tier = 'library'", "organizations_one_library", "tier"),
)

accounts = Table(
    "accounts",
    metadata,
    surrogate_key(),
    Column("email", Text, unique=True),
    Column("first_name", Text),
    Column("last_name", Text),
    *choice("role", "teacher", "student", "admin"),
    Column("imported_from_clever", Boolean, nullable=False, server_default=false()),
    Column("clever_email", Text),
    timestamp("archived_at"),
    Column("grade", Text),
    Index(
        "accounts_near_email",
        text("roster.near_email(email)"),
        postgresql_where=text("not imported_from_clever and email is not null"),
    ),
)

identity_links = Table(
    "identity_links",
    metadata,
    surrogate_key(),
    Column("clever_id", Text, nullable=False),
    reference("accounts"),
    reference("organizations"),
    Column("rule", Text, nullable=False),
    Column("evidence", JSONB, nullable=False, server_default=text("'{}'")),
    Column("sync_id", BigInteger),
    Column("decided_by", Text, nullable=False, server_default="sync"),
    timestamp("linked_at", now=True),
    timestamp("unlinked_at"),
    Column("unlinked_sync_id", BigInteger),
    unique_where("unlinked_at is null", "identity_links_live_clever_id", "clever_id"),
    unique_where("unlinked_at is null", "identity_links_live_account_id", "account_id"),
    Index(None, "organization_id"),
)

org_memberships = Table(
    "org_memberships",
    metadata,
    reference("organizations"),
    reference("accounts"),
    *choice("role", "teacher", "student", "admin"),
    Column("is_admin", Boolean, nullable=False, server_default=false()),
    *choice("admin_scope", "organization", "schools", default="organization"),
    timestamp("verified_at"),
    *choice("source", "clever", "native", default="native"),
    timestamp("ended_at"),
    PrimaryKeyConstraint("organization_id", "account_id"),
    Index(None, "account_id"),
)

school_memberships = Table(
    "school_memberships",
    metadata,
    reference("schools"),
    reference("accounts"),
    *choice("role", "teacher", "student"),
    Column("is_primary", Boolean, nullable=False, server_default=false()),
    *choice("source", "clever", "native", default="native"),
    timestamp("ended_at"),
    PrimaryKeyConstraint("school_id", "account_id"),
    Index(None, "account_id"),
    Index("school_memberships_live", "school_id", "role", "account_id", postgresql_where=text("ended_at is null")),
)

rosters = Table(
    "rosters",
    metadata,
    surrogate_key(),
    reference("organizations"),
    reference("schools", nullable=True),
    Column("clever_id", Text, unique=True),
    *choice("source", "clever", "native", default="native"),
    Column("name", Text, nullable=False),
    *(Column(name, Text) for name in ("subject", "grade", "period", "term_name")),
    *(timestamp(name) for name in ("hidden_at", "archived_at")),
    *(reference(name, nullable=True) for name in ("terms", "courses")),
    CheckConstraint("(source = 'clever') = (clever_id is not null)", name="source_has_clever_id"),
    Index(None, "organization_id"),
    Index(None, "school_id"),
    *(Index(None, name, postgresql_where=text(f"{name} is not null")) for name in ("term_id", "course_id")),
    Index("rosters_by_name", "organization_id", text("(name::name)"), "id"),
    Index("rosters_hidden", "organization_id", postgresql_where=text("hidden_at is not null")),
)

roster_teachers = Table(
    "roster_teachers",
    metadata,
    reference("rosters"),
    reference("accounts"),
    Column("is_primary", Boolean, nullable=False, server_default=false()),
    timestamp("ended_at"),
    PrimaryKeyConstraint("roster_id", "account_id"),
    Index(None, "account_id"),
)

roster_students = Table(
    "roster_students",
    metadata,
    reference("rosters"),
    reference("accounts"),
    timestamp("ended_at"),
    PrimaryKeyConstraint("roster_id", "account_id"),
    Index(None, "account_id"),
    Index("roster_students_live", "roster_id", "account_id", postgresql_where=text("ended_at is null")),
)

pending_members = Table(
    "pending_members",
    metadata,
    reference("rosters"),
    Column("clever_id", Text, nullable=False),
    *choice("role", "teacher", "student"),
    PrimaryKeyConstraint("roster_id", "clever_id", "role"),
)

reviews = Table(
    "reviews",
    metadata,
    surrogate_key(),
    reference("organizations"),
    Column("clever_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    reference("accounts", nullable=True),
    Column("evidence", JSONB, nullable=False, server_default=text("'{}'")),
    Column("clever_says", JSONB),
    *choice("state", "open", "resolved", default="open"),
    Column("decision", Text),
    Column("decided_by", Text),
    timestamp("decided_at"),
    unique_where("state = 'open'", "reviews_open", "clever_id", "reason"),
    Index(None, "organization_id"),
)

syncs = Table(
    "syncs",
    metadata,
    surrogate_key(),
    Column("uid", Uuid, nullable=False, unique=True, server_default=text("gen_random_uuid()")),
    reference("organizations"),
    Column("dagster_run_id", Text),
    *choice("mode", "auto", "full", "delta", "resolve", "undo", default="full"),
    Column("mode_reason", Text),
    *choice("trigger", *TRIGGERS),
    *choice("state", "running", "published", "held", "failed", "canceled", "undone", default="running"),
    Column("plan_digest", Text),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("proof", JSONB),
    timestamp("started_at", now=True),
    timestamp("finished_at"),
    Column("step", Text),
    timestamp("step_at"),
    *(Column(name, BigInteger) for name in ("read_rows", "expected_rows")),
    reference("accounts", nullable=True),
    timestamp("journal_erased_at"),
    Index(None, "organization_id", "started_at"),
    Index(None, "organization_id", "id"),
    Index("syncs_running", "organization_id", postgresql_where=text("state = 'running'")),
    Index(None, "dagster_run_id"),
    Index("syncs_by_end", "finished_at"),
    Index("syncs_of_account", "account_id", "id", postgresql_where=text("account_id is not null")),
)

holds = Table(
    "holds",
    metadata,
    surrogate_key(),
    reference("syncs"),
    reference("organizations"),
    Column("plan_digest", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'")),
    *choice("state", "open", "approved", "rejected", "stale", "superseded", default="open"),
    Column("decided_by", Text),
    timestamp("decided_at"),
    Column("applied_sync_id", BigInteger),
    Index(None, "organization_id"),
)

changes = Table(
    "changes",
    metadata,
    # No foreign key: a row is written in the transaction that closes its sync, and a check of each of a million would
    # cost a tenth of a first sync.
    Column("sync_id", BigInteger, nullable=False),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("entity", Text, nullable=False),
    Column("key", JSONB, nullable=False),
    Column("op", Text, nullable=False),
    Column("before", JSONB),
    Column("after", JSONB),
    PrimaryKeyConstraint("sync_id", "seq"),
)

refresh_requests = Table(
    "refresh_requests",
    metadata,
    surrogate_key(),
    reference("organizations"),
    *choice("kind", "update", "preview", default="update"),
    *choice("scope", "district", "school", "section", "library", default="district"),
    Column("scope_clever_id", Text),
    Column("requested_by", Text),
    timestamp("requested_at", now=True),
    *choice("state", "queued", "running", "published", "held", "failed", "canceled", default="queued"),
    reference("syncs", nullable=True),
    *(timestamp(name) for name in ("started_at", "finished_at")),
    Column("summary", Text),
    Column("requested_by_account_id", BigInteger, ForeignKey("roster.accounts.id")),
    Index("refresh_requests_waiting", "organization_id", postgresql_where=text("state in ('queued', 'running')")),
)

alerts = Table(
    "alerts",
    metadata,
    surrogate_key(),
    reference("organizations"),
    *choice("kind", "failing", "held", "snapshot", "disconnected"),
    reference("syncs"),
    timestamp("opened_at", now=True),
    timestamp("recovered_at"),
    unique_where("recovered_at is null", "alerts_open", "organization_id", "kind"),
)

add_comments(metadata)
