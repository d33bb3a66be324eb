"""Update Roster: requests that people file, and which of them wait. Dagster turns what waits into runs.

A sync takes up every request that waits for its district when it begins, and answers them when it ends (`publish`).
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import DistrictUnknown, TierRefused
from roster_pipeline.product.tables import organizations, refresh_requests


@dataclass(frozen=True)
class Waiting:
    """What waits for one district: as many requests as there are, one sync serves them."""

    district_id: str
    district_name: str
    newest_id: int


def file_request(
    pg: Connection, district_id: str, *, scope: str, scope_clever_id: str | None, requested_by: str | None
) -> int:
    """File an Update Roster request, as the button does; returns its id.

    Args:
        scope: `district`, `school` or `section`; for the last two `scope_clever_id` says which.

    Raises:
        DistrictUnknown: the district was never connected.
        TierRefused: its tier has no roster sync.
    """
    organization = pg.execute(
        sa.select(organizations.c.id, organizations.c.tier).where(organizations.c.clever_district_id == district_id)
    ).one_or_none()
    if organization is None:
        raise DistrictUnknown(
            f"District {district_id} is not connected. Run: roster-pipeline connect {district_id} --tier secure_sync"
        )
    if organization.tier == "sso_only":
        raise TierRefused(f"District {district_id} has tier sso_only: single sign-on, but no roster sync.")
    request = refresh_requests.insert().values(
        organization_id=organization.id,
        scope=scope,
        scope_clever_id=scope_clever_id,
        requested_by=requested_by,
    )
    return int(pg.execute(request.returning(refresh_requests.c.id)).scalar_one())


def waiting_requests(pg: Connection) -> list[Waiting]:
    """The districts that requests wait for, the longest wait first. Those of a paused district go on waiting."""
    requests = refresh_requests.c
    rows = pg.execute(
        sa.select(organizations.c.clever_district_id, organizations.c.name, sa.func.max(requests.id))
        .join_from(refresh_requests, organizations, requests.organization_id == organizations.c.id)
        .where(requests.state == "queued", organizations.c.state == "active", organizations.c.tier != "sso_only")
        .group_by(organizations.c.id)
        .order_by(sa.func.min(requests.requested_at))
    )
    return [Waiting(*row) for row in rows]
