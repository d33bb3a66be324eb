"""Resolves all open reviews of one reason with the same decision, if they are those that a person has seen."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.corrections.resolve import BulkResolution, resolve_reviews
from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.messages import operator
from roster_pipeline.product.tables import organizations, reviews


def resolve_reason(
    pg: Connection,
    district_id: str,
    reason: str,
    seen: Collection[int],
    decision: str,
    *,
    decided_by: str,
    at: datetime,
) -> BulkResolution:
    """Resolve the open reviews of a reason, in the transaction of `pg`. The caller holds the lock of the district.

    Args:
        seen: the numbers of the reviews that the person has seen.

    Raises:
        CorrectionRefused: a review is new or gone since then, or none can be resolved with this decision.
    """
    of_district = organizations.c.clever_district_id == district_id
    is_open = sa.and_(reviews.c.reason == reason, reviews.c.state == "open")
    query = sa.select(reviews.c.id).select_from(reviews.join(organizations)).where(of_district, is_open)
    numbers = sorted(pg.execute(query).scalars())
    if numbers != sorted(seen):
        raise CorrectionRefused(
            operator.text("The open reviews have changed since they were shown. Nothing was decided.")
        )
    return resolve_reviews(pg, numbers, decision, decided_by=decided_by, at=at)
