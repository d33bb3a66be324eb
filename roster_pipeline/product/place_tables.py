"""The tables of schools, terms and courses, which come from Clever."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, Table, Text, UniqueConstraint

from roster_pipeline.product.columns import metadata, reference, surrogate_key, timestamp

schools = Table(
    "schools",
    metadata,
    surrogate_key(),
    reference("organizations"),
    Column("clever_id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    *(Column(name, Text) for name in ("sis_id", "nces_id", "low_grade", "high_grade")),
    timestamp("archived_at"),
    Index(None, "organization_id"),
)

terms = Table(
    "terms",
    metadata,
    surrogate_key(),
    reference("organizations"),
    Column("clever_id", Text, nullable=False),
    Column("name", Text),
    *(Column(name, Date) for name in ("start_date", "end_date")),
    timestamp("archived_at"),
    UniqueConstraint("organization_id", "clever_id"),
)

courses = Table(
    "courses",
    metadata,
    surrogate_key(),
    reference("organizations"),
    Column("clever_id", Text, nullable=False),
    *(Column(name, Text) for name in ("number", "name")),
    timestamp("archived_at"),
    UniqueConstraint("organization_id", "clever_id"),
)
