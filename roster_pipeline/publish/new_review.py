"""Builds the row of a review that a correction or a login adds. The reviews of a sync come from its plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.model.entities import INSERT
from roster_pipeline.product.tables import reviews
from roster_pipeline.publish.statements import next_id
from roster_pipeline.publish.table_mappings import NO_TEXT, TARGETS
from roster_pipeline.publish.target import NO_TIME


def select_new_review(
    organization_id: int,
    *,
    clever_id: str | ColumnElement[str],
    reason: str,
    account_id: int | ColumnElement[int],
    evidence: Mapping[str, Any],
    clever_says: Mapping[str, Any] | None = None,
    decision: str | None = None,
    decided_by: str | None = None,
    decided_at: datetime | None = None,
) -> sa.Select[Any]:
    """Select a new review for `write_rows`. With columns of a table, there is one review for each row of the table.

    Args:
        decision: the decision of a review that is resolved from the beginning. None: the review is open.
    """
    values: dict[str, ColumnElement[Any]] = {
        "id": next_id(reviews),
        "organization_id": sa.literal(organization_id, BigInteger),
        "clever_id": sa.literal(clever_id) if isinstance(clever_id, str) else clever_id,
        "reason": sa.literal(reason),
        "account_id": sa.literal(account_id, BigInteger) if isinstance(account_id, int) else account_id,
        "evidence": sa.literal(dict(evidence), JSONB),
        "clever_says": sa.literal(dict(clever_says), JSONB) if clever_says else sa.null().cast(JSONB),
        "state": sa.literal("resolved" if decision else "open"),
        "decision": sa.literal(decision) if decision else NO_TEXT,
        "decided_by": sa.literal(decided_by) if decided_by else NO_TEXT,
        "decided_at": sa.literal(decided_at, sa.DateTime(timezone=True)) if decided_at else NO_TIME,
    }
    columns = [values[name].label(name) for name in TARGETS["reviews"].columns]
    return sa.select(sa.literal(INSERT).label("op"), *columns)
