"""Files requests for a preview of a sync, which the fix list of the Clever page shows, and answers them.

A sensor of Dagster starts a run of `plan_roster` for each request. A preview writes nothing to the product.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.tables import organizations, refresh_requests

requests = refresh_requests.c
OPEN = ("queued", "running")


@dataclass(frozen=True)
class PreviewRequest:
    """A request for a preview that has no answer yet."""

    id: int
    district_id: str
    district_name: str


def file_preview(pg: Connection, organization_id: int, account_id: int, at: datetime) -> int:
    """File the request of a person for a preview, or return the one of the district that is open."""
    own = sa.and_(requests.organization_id == organization_id, requests.kind == "preview")
    waiting = sa.select(sa.func.max(requests.id)).where(own, requests.state.in_(OPEN))
    if (request_id := pg.execute(waiting).scalar()) is not None:
        return int(request_id)
    row = refresh_requests.insert().values(
        organization_id=organization_id,
        kind="preview",
        requested_by=f"account:{account_id}",
        requested_by_account_id=account_id,
        requested_at=at,
    )
    return int(pg.execute(row.returning(requests.id)).scalar_one())


def list_open_previews(pg: Connection) -> list[PreviewRequest]:
    """Return the requests without an answer, the oldest first."""
    rows = pg.execute(
        sa.select(requests.id, organizations.c.clever_district_id, organizations.c.name)
        .join_from(refresh_requests, organizations, requests.organization_id == organizations.c.id)
        .where(requests.kind == "preview", requests.state.in_(OPEN))
        .order_by(requests.id)
    )
    return [PreviewRequest(*row) for row in rows]


def begin_preview(pg: Connection, request_id: int, at: datetime) -> None:
    """Record that a run for a request was started."""
    is_new = sa.and_(requests.id == request_id, requests.state == "queued")
    pg.execute(refresh_requests.update().where(is_new).values(state="running", started_at=at))


def answer_preview(pg: Connection, request_id: int, state: str, at: datetime, summary: str | None = None) -> None:
    """Answer a request.

    Args:
        state: `published` if the preview was made, else `failed` or `canceled`.
        summary: why it failed.
    """
    values = {"state": state, "summary": summary, "finished_at": at}
    pg.execute(refresh_requests.update().where(requests.id == request_id).values(values))


def find_last_preview(pg: Connection, organization_id: int) -> sa.Row[tuple[str, datetime]] | None:
    """Return the state and the time of the last request of a district, or None if there is none."""
    own = sa.and_(requests.organization_id == organization_id, requests.kind == "preview")
    query = sa.select(requests.state, requests.requested_at).where(own).order_by(requests.id.desc()).limit(1)
    return pg.execute(query).one_or_none()
