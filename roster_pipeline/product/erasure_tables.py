"""The table of erasures, which makes each one restartable and keeps its receipt (docs/privacy.md)."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.product.columns import choice, metadata, surrogate_key, timestamp, unique_where

erasures = Table(
    "erasures",
    metadata,
    surrogate_key(),
    *choice("kind", "person", "district", "expired"),
    Column("subject_digest", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    timestamp("requested_at", now=True),
    *choice("state", "files", "bytes", "done", default="files"),
    Column("work", JSONB),
    Column("stores", JSONB, nullable=False, server_default=text("'[]'")),
    timestamp("finished_at"),
    Column("salt", Text),
    unique_where("state <> 'done'", "erasures_unfinished", "subject_digest"),
)
"""`work` lists what is left to erase. It is NULL once the stores do not hold it any more."""
