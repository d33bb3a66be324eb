"""The tables of the Clever page: admins, sessions, logins, corrections and the audit trail."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from roster_pipeline.product.columns import (
    SCHEMA,
    choice,
    metadata,
    reference,
    surrogate_key,
    timestamp,
    unique_where,
)

admin_schools = Table(
    "admin_schools",
    metadata,
    reference("organizations"),
    reference("accounts"),
    reference("schools"),
    Column("made_by", Text, nullable=False),
    timestamp("made_at", now=True),
    timestamp("ended_at"),
    PrimaryKeyConstraint("account_id", "school_id"),
    Index(None, "organization_id"),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    reference("accounts", nullable=True),
    Column("clever_id", Text),
    reference("organizations", nullable=True),
    Column("acting", Text),
    *choice("login_kind", "clever", "google"),
    Column("csrf", Text, nullable=False),
    Column("language", Text),
    *(
        Column(f"{name}_at", DateTime(timezone=True), nullable=False)
        for name in ("created", "seen", "fresh", "expires")
    ),
    timestamp("ended_at"),
    Index(None, "account_id"),
)

web_codes = Table(
    "web_codes",
    metadata,
    Column("code_hash", Text, primary_key=True),
    Column("session_hash", Text),
    Column("used_at", DateTime(timezone=True), nullable=False),
)

web_identities = Table(
    "web_identities",
    metadata,
    surrogate_key(),
    *choice("provider", "clever", "google"),
    Column("subject", Text, nullable=False),
    reference("accounts"),
    timestamp("linked_at", now=True),
    timestamp("unlinked_at"),
    unique_where("unlinked_at is null", "web_identities_live_subject", "provider", "subject"),
    unique_where("unlinked_at is null", "web_identities_live_account_id", "provider", "account_id"),
)

web_preferences = Table(
    "web_preferences",
    metadata,
    Column("account_id", BigInteger, ForeignKey(f"{SCHEMA}.accounts.id"), primary_key=True),
    Column("language", Text, nullable=False),
)

corrections = Table(
    "corrections",
    metadata,
    surrogate_key(),
    reference("organizations"),
    Column("kind", Text, nullable=False),
    Column("args", JSONB, nullable=False, server_default=text("'{}'")),
    Column("requested_by", Text, nullable=False),
    *choice("state", "queued", "running", "done", "failed", default="queued"),
    Column("summary", Text),
    reference("syncs", nullable=True),
    timestamp("requested_at", now=True),
    *(timestamp(name) for name in ("started_at", "finished_at")),
    Column("result", JSONB, nullable=False, server_default=text("'{}'")),
    Index("corrections_waiting", "organization_id", postgresql_where=text("state in ('queued', 'running')")),
)

web_audit = Table(
    "web_audit",
    metadata,
    surrogate_key(),
    timestamp("at", now=True),
    reference("organizations", nullable=True),
    reference("accounts", nullable=True),
    Column("acting", Text),
    Column("act", Text, nullable=False),
    *(Column(name, Text) for name in ("target_kind", "target_id")),
    *(Column(name, JSONB) for name in ("before", "after")),
    Column("form_token", Text, unique=True),
    *(Column(name, Text) for name in ("answer", "request_id")),
    Index(None, "organization_id", "at"),
)

library_tokens = Table(
    "library_tokens",
    metadata,
    Column("account_id", BigInteger, ForeignKey(f"{SCHEMA}.accounts.id"), primary_key=True),
    Column("token", LargeBinary, nullable=False),
    timestamp("at", now=True),
)
"""The tokens of Library teachers. The web program encrypts them, and only it can read them."""

library_classes = Table(
    "library_classes",
    metadata,
    reference("organizations"),
    reference("accounts"),
    Column("section_id", Text, nullable=False),
    timestamp("chosen_at", now=True),
    timestamp("removed_at"),
    PrimaryKeyConstraint("account_id", "section_id"),
    Index(None, "organization_id", "section_id"),
)
"""The sections that Library teachers chose. `removed_at` dates the removal of a class by its teacher."""

directory = Table(
    "directory",
    metadata,
    Column("organization_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    *choice("role", "teacher", "student", "admin"),
    Column("sort_name", Text(collation="C"), nullable=False),
    Column("words", TSVECTOR, nullable=False),
    PrimaryKeyConstraint("organization_id", "account_id"),
    Index("directory_by_name", "organization_id", "role", "sort_name", "account_id"),
    Index("directory_words", "words", postgresql_using="gin"),
)
"""The people of each organization, for lists and search. Triggers on memberships and accounts keep it."""
