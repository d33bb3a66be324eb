"""The tables of schema `roster`, as product-contract names them. Ended rows stay; `*_at` is timestamptz, UTC.

The product's own rows (native rosters, accounts that signed up by themselves, admins) live in the same tables and are
made by others. Migrations create these tables; this module is what queries are written against.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

SCHEMA = "roster"
TRIGGERS = ("nightly", "manual", "cli", "page", "library")
"""Who starts a sync: the night, a press or Dagster's UI, a command, the page, a Library teacher."""
metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    },
)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=False), primary_key=True)


def _to(table: str, *, nullable: bool = False, name: str | None = None) -> Column[int]:
    singular = name or table.removesuffix("s") + "_id"
    return Column(singular, BigInteger, ForeignKey(f"{SCHEMA}.{table}.id"), nullable=nullable)


def _at(name: str, *, now: bool = False) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), server_default=text("now()") if now else None, nullable=not now)


def _one_of(name: str, *values: str, default: str | None = None) -> tuple[Column[str], CheckConstraint]:
    listed = ", ".join(f"'{value}'" for value in values)
    column = Column(name, Text, nullable=False, server_default=default)
    return column, CheckConstraint(f"{name} in ({listed})", name=name)


def _unique_while(condition: str, name: str, *columns: str) -> Index:
    return Index(name, *columns, unique=True, postgresql_where=text(condition))


organizations = Table(
    "organizations",
    metadata,
    _id(),
    Column("clever_district_id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    *_one_of("tier", "secure_sync", "library", "sso_only"),
    *_one_of("state", "active", "paused", "disconnected", default="active"),
    *(Column(name, JSONB, nullable=False, server_default=text("'{}'")) for name in ("limits", "limits_once")),
    *(_at(f"last_{what}_at") for what in ("clever_sync", "read", "full_read", "published", "snapshot")),
    *(Column(name, Text) for name in ("snapshot_failure", "clever_state", "clever_error", "portal_url")),
    *(_at(name) for name in ("clever_pause_end", "missing_since", "operator_disconnected_at")),
)

schools = Table(
    "schools",
    metadata,
    _id(),
    _to("organizations"),
    Column("clever_id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    *(Column(name, Text) for name in ("sis_id", "nces_id", "low_grade", "high_grade")),
    _at("archived_at"),
    Index(None, "organization_id"),
)

accounts = Table(
    "accounts",
    metadata,
    _id(),
    Column("email", Text, unique=True),
    Column("first_name", Text),
    Column("last_name", Text),
    *_one_of("role", "teacher", "student", "admin"),
    Column("imported_from_clever", Boolean, nullable=False, server_default=false()),
    Column("clever_email", Text),
    _at("archived_at"),
    Index(
        "accounts_near_email",
        text("roster.near_email(email)"),
        postgresql_where=text("not imported_from_clever and email is not null"),
    ),
)

identity_links = Table(
    "identity_links",
    metadata,
    _id(),
    Column("clever_id", Text, nullable=False),
    _to("accounts"),
    _to("organizations"),
    Column("rule", Text, nullable=False),
    Column("evidence", JSONB, nullable=False, server_default=text("'{}'")),
    Column("sync_id", BigInteger),
    Column("decided_by", Text, nullable=False, server_default="sync"),
    _at("linked_at", now=True),
    _at("unlinked_at"),
    Column("unlinked_sync_id", BigInteger),
    _unique_while("unlinked_at is null", "identity_links_live_clever_id", "clever_id"),
    _unique_while("unlinked_at is null", "identity_links_live_account_id", "account_id"),
    Index(None, "organization_id"),
)

org_memberships = Table(
    "org_memberships",
    metadata,
    _to("organizations"),
    _to("accounts"),
    *_one_of("role", "teacher", "student", "admin"),
    Column("is_admin", Boolean, nullable=False, server_default=false()),
    _at("verified_at"),
    *_one_of("source", "clever", "native", default="native"),
    _at("ended_at"),
    PrimaryKeyConstraint("organization_id", "account_id"),
    Index(None, "account_id"),
)

school_memberships = Table(
    "school_memberships",
    metadata,
    _to("schools"),
    _to("accounts"),
    *_one_of("role", "teacher", "student", "admin"),
    Column("is_primary", Boolean, nullable=False, server_default=false()),
    *_one_of("source", "clever", "native", default="native"),
    _at("ended_at"),
    PrimaryKeyConstraint("school_id", "account_id"),
    Index(None, "account_id"),
)

rosters = Table(
    "rosters",
    metadata,
    _id(),
    _to("organizations"),
    _to("schools", nullable=True),
    Column("clever_id", Text, unique=True),
    *_one_of("source", "clever", "native", default="native"),
    Column("name", Text, nullable=False),
    *(Column(name, Text) for name in ("subject", "grade", "period", "term_name")),
    _at("hidden_at"),
    _at("archived_at"),
    CheckConstraint("(source = 'clever') = (clever_id is not null)", name="source_has_clever_id"),
    Index(None, "organization_id"),
)

roster_teachers = Table(
    "roster_teachers",
    metadata,
    _to("rosters"),
    _to("accounts"),
    Column("is_primary", Boolean, nullable=False, server_default=false()),
    _at("ended_at"),
    PrimaryKeyConstraint("roster_id", "account_id"),
    Index(None, "account_id"),
)

roster_students = Table(
    "roster_students",
    metadata,
    _to("rosters"),
    _to("accounts"),
    _at("ended_at"),
    PrimaryKeyConstraint("roster_id", "account_id"),
    Index(None, "account_id"),
)

parked_members = Table(
    "parked_members",
    metadata,
    _to("rosters"),
    Column("clever_id", Text, nullable=False),
    *_one_of("role", "teacher", "student"),
    PrimaryKeyConstraint("roster_id", "clever_id", "role"),
)

reviews = Table(
    "reviews",
    metadata,
    _id(),
    _to("organizations"),
    Column("clever_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    _to("accounts", nullable=True),
    Column("evidence", JSONB, nullable=False, server_default=text("'{}'")),
    Column("clever_says", JSONB),
    *_one_of("state", "open", "resolved", default="open"),
    Column("decision", Text),
    Column("decided_by", Text),
    _at("decided_at"),
    _unique_while("state = 'open'", "reviews_open", "clever_id", "reason"),
    Index(None, "organization_id"),
)

syncs = Table(
    "syncs",
    metadata,
    _id(),
    Column("uid", Uuid, nullable=False, unique=True, server_default=text("gen_random_uuid()")),
    _to("organizations"),
    Column("dagster_run_id", Text),
    *_one_of("mode", "auto", "full", "delta", "resolve", "undo", default="full"),
    Column("mode_reason", Text),
    *_one_of("trigger", *TRIGGERS),
    *_one_of("state", "running", "published", "held", "failed", "canceled", "undone", default="running"),
    Column("plan_digest", Text),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("proof", JSONB),
    _at("started_at", now=True),
    _at("finished_at"),
    Index(None, "organization_id", "started_at"),
    Index(None, "dagster_run_id"),
)

holds = Table(
    "holds",
    metadata,
    _id(),
    _to("syncs"),
    _to("organizations"),
    Column("plan_digest", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'")),
    *_one_of("state", "open", "approved", "rejected", "stale", "superseded", default="open"),
    Column("decided_by", Text),
    _at("decided_at"),
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
    _id(),
    _to("organizations"),
    *_one_of("kind", "update", "preview", default="update"),
    *_one_of("scope", "district", "school", "section", default="district"),
    Column("scope_clever_id", Text),
    Column("requested_by", Text),
    _at("requested_at", now=True),
    *_one_of("state", "queued", "running", "published", "held", "failed", "canceled", default="queued"),
    _to("syncs", nullable=True),
    *(_at(name) for name in ("started_at", "finished_at")),
    Column("summary", Text),
    Index("refresh_requests_waiting", "organization_id", postgresql_where=text("state in ('queued', 'running')")),
)

alerts = Table(
    "alerts",
    metadata,
    _id(),
    _to("organizations"),
    *_one_of("kind", "failing", "held", "snapshot", "disconnected"),
    _to("syncs"),
    _at("opened_at", now=True),
    _at("recovered_at"),
    _unique_while("recovered_at is null", "alerts_open", "organization_id", "kind"),
)
