"""Reads the plans on hold: which thresholds were crossed, and what each plan would remove."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.model.plan import FEED_INCOMPLETE
from roster_pipeline.product.tables import holds, organizations, syncs

NAME_CHARS = 12
"""The digits of a digest that name a plan."""


@dataclass(frozen=True)
class HeldPlan:
    """A plan of which a part is on hold.

    Attributes:
        thresholds: `hold`, `reason`, `part`, `removals`, `of`, `limit` and `units` of each crossed threshold.
        impact: the value of `plan.impact.describe_impact`.
    """

    digest: str
    district_id: str
    district: str
    time_zone: str
    sync_id: int
    held_at: datetime | None
    thresholds: tuple[Mapping[str, Any], ...]
    impact: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.digest[:NAME_CHARS]

    @property
    def reasons(self) -> list[str]:
        return list(dict.fromkeys(threshold["reason"] for threshold in self.thresholds))

    @property
    def is_approvable(self) -> bool:
        """Return whether the plan may be approved. An incomplete list proves nothing (docs/rules.md R5.4)."""
        return FEED_INCOMPLETE not in self.reasons


def list_held_plans(pg: Connection) -> list[HeldPlan]:
    """Return the plans on hold that the transaction sees, by organization."""
    query = (
        sa.select(
            *(holds.c.id, holds.c.plan_digest, holds.c.reason, holds.c.counts, holds.c.sync_id),
            *(organizations.c.clever_district_id, organizations.c.name, organizations.c.time_zone),
            syncs.c.finished_at,
            syncs.c.counts["leaves"].label("impact"),
        )
        .join_from(holds, organizations, holds.c.organization_id == organizations.c.id)
        .join(syncs, syncs.c.id == holds.c.sync_id)
        .where(holds.c.state == "open")
        .order_by(organizations.c.id, holds.c.id)
    )
    together = groupby(pg.execute(query), key=lambda row: (row.clever_district_id, row.plan_digest))
    return [_plan(list(rows)) for _, rows in together]


def _plan(rows: list[sa.Row[Any]]) -> HeldPlan:
    first = rows[0]
    return HeldPlan(
        first.plan_digest,
        first.clever_district_id,
        first.name,
        first.time_zone,
        first.sync_id,
        first.finished_at,
        tuple({"hold": row.id, "reason": row.reason, **row.counts} for row in rows),
        first.impact or {},
    )
