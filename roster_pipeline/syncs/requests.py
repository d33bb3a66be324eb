"""Update Roster: requests that people file, which of them wait, and how long such requests take.

Dagster turns what waits into runs. A sync takes up every request that waits for its district when it begins, and
answers them when it ends (`publish`): pressed ten times, one sync answers all ten.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import median

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import CannotStart, TierRefused
from roster_pipeline.model.clever_id import is_clever_id
from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.model.scope import CANCELED, DISTRICT, Scope
from roster_pipeline.product.connections import describe_stop
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.product.tables import organizations, refresh_requests, rosters, schools, syncs

REMEMBERED = 10
"""Answered requests that an estimate is made from: the last ones."""
PLACES = {"school": schools, "section": rosters}
requests = refresh_requests.c


@dataclass(frozen=True)
class Waiting:
    """What waits for one district: as many requests as there are, one sync serves them."""

    district_id: str
    district_name: str
    newest_id: int


@dataclass(frozen=True)
class Filed:
    """A request that waits now.

    Attributes:
        scope: what it is for. A class that is not known here yet may come with the district: the request is for that.
        joins: the first equal request that waits too; one sync answers both.
        is_behind: a sync of the district runs already, and may have read Clever before this: the next one answers.
        district_state: `active`, or `disconnected` where Clever showed the district no more when it was last tried.
    """

    id: int
    scope: Scope
    joins: int | None
    is_behind: bool
    district_state: str


@dataclass(frozen=True)
class Estimate:
    """How long the last requests of a district took from press to answer, in seconds."""

    requests: int
    median: float
    worst: float


@dataclass(frozen=True)
class Request:
    """A request and what became of it; `summary` is the answer, in words."""

    id: int
    district_id: str
    district_name: str
    scope: str
    scope_clever_id: str | None
    state: str
    summary: str | None
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    sync_id: int | None

    @property
    def is_answered(self) -> bool:
        return self.state not in ("queued", "running")


def file_request(
    pg: Connection, district_id: str, *, scope: str, scope_clever_id: str | None, requested_by: str | None
) -> Filed:
    """File an Update Roster request, as the button does. Every press is a row, and is answered.

    Args:
        scope: `district`, `school` or `section`; for the last two `scope_clever_id` says which.

    Raises:
        DistrictUnknown: the district was never connected.
        TierRefused: its tier has no roster sync, or an operator has paused or disconnected it.
        CannotStart: the school or class is none of this district's.
    """
    organization = find_organization(pg, district_id)
    if organization.tier == "sso_only":
        raise TierRefused(f"District {district_id} has tier sso_only: single sign-on, but no roster sync.")
    if refusal := describe_stop(organization):
        raise TierRefused(f"{refusal}. No request was filed.")
    asked = DISTRICT if scope == "district" else _scope_of(pg, organization.id, district_id, scope, scope_clever_id)
    of_district = sa.and_(requests.organization_id == organization.id, requests.kind == "update")
    equal = sa.and_(requests.scope == asked.kind, requests.scope_clever_id.is_not_distinct_from(asked.clever_id))
    joins = pg.execute(sa.select(sa.func.min(requests.id)).where(of_district, requests.state == "queued", equal))
    running = sa.exists().where(syncs.c.organization_id == organization.id, syncs.c.state == "running")
    row = refresh_requests.insert().values(
        organization_id=organization.id, scope=asked.kind, scope_clever_id=asked.clever_id, requested_by=requested_by
    )
    return Filed(
        joins=joins.scalar(),
        is_behind=bool(pg.execute(sa.select(running)).scalar()),
        id=int(pg.execute(row.returning(requests.id)).scalar_one()),
        scope=asked,
        district_state=organization.state,
    )


def _scope_of(pg: Connection, organization_id: int, district_id: str, kind: str, clever_id: str | None) -> Scope:
    """A school or class of this district; the district itself for a class that nobody knows here."""
    if kind not in PLACES:
        raise CannotStart("A request is for a district, a school or a section.")
    if not is_clever_id(clever_id or ""):
        raise CannotStart(f"A {kind} is named by Clever's id for it, 24 characters of 0-9 and a-f.")
    table = PLACES[kind]
    owner = pg.execute(sa.select(table.c.organization_id).where(table.c.clever_id == clever_id)).scalar()
    if owner == organization_id:
        return Scope("school" if kind == "school" else "section", clever_id)
    if owner is None and kind == "section":
        return Scope("district", clever_id)
    raise CannotStart(
        f"No {kind} {clever_id} of district {district_id} is known here. Nothing was filed; ask for the whole district."
    )


def refuse_waiting(pg: Connection, district_id: str, why: str) -> None:
    """Answer the requests that wait for a district which will not be synced any more."""
    own = sa.select(organizations.c.id).where(organizations.c.clever_district_id == district_id).scalar_subquery()
    pg.execute(
        refresh_requests.update()
        .where(requests.organization_id == own, requests.state == "queued")
        .values(state="failed", summary=why, finished_at=sa.func.now())
    )


def cancel_waiting(pg: Connection, district_id: str, *, filed_before: datetime, at: datetime) -> None:
    """Answer the requests that a run would have taken up which a person stopped before it began."""
    own = sa.select(organizations.c.id).where(organizations.c.clever_district_id == district_id).scalar_subquery()
    pg.execute(
        refresh_requests.update()
        .where(requests.organization_id == own, requests.kind == "update", requests.state == "queued")
        .where(requests.requested_at < filed_before)
        .values(state="canceled", summary=CANCELED, finished_at=at)
    )


def waiting_requests(pg: Connection) -> list[Waiting]:
    """The districts that requests wait for, the longest wait first; none that an operator has stopped."""
    rows = pg.execute(
        sa.select(organizations.c.clever_district_id, organizations.c.name, sa.func.max(requests.id))
        .join_from(refresh_requests, organizations, requests.organization_id == organizations.c.id)
        .where(
            requests.kind == "update",
            requests.state == "queued",
            organizations.c.state != "paused",
            organizations.c.operator_disconnected_at.is_(None),
            organizations.c.tier != "sso_only",
        )
        .group_by(organizations.c.id)
        .order_by(sa.func.min(requests.requested_at))
    )
    return [Waiting(*row) for row in rows]


def estimate(pg: Connection, district_id: str, now: datetime) -> Estimate | None:
    """From this district's own last requests that a sync answered; None while there are none.

    A request that was answered ahead of now, or before it was made, was dated by a wrong clock and does not count.
    """
    rows = pg.execute(
        sa.select(requests.requested_at, requests.finished_at)
        .join_from(refresh_requests, organizations, requests.organization_id == organizations.c.id)
        .where(
            organizations.c.clever_district_id == district_id,
            requests.kind == "update",
            requests.state.in_(("published", "held")),
            requests.finished_at.between(requests.requested_at, now + CLOCK_TOLERANCE),
        )
        .order_by(requests.finished_at.desc(), requests.id.desc())
        .limit(REMEMBERED)
    )
    took = [(row.finished_at - row.requested_at).total_seconds() for row in rows]
    return Estimate(len(took), median(took), max(took)) if took else None


def last_requests(pg: Connection, *, district_id: str | None = None, limit: int = 20) -> list[Request]:
    """The newest requests, of one district or of all, the newest first."""
    of_district = sa.true() if district_id is None else organizations.c.clever_district_id == district_id
    return _read(pg, of_district, limit)


def find_request(pg: Connection, request_id: int) -> Request:
    """One request as it stands.

    Raises:
        CannotStart: there is none of this number.
    """
    found = _read(pg, requests.id == request_id, 1)
    if not found:
        raise CannotStart(f"There is no request {request_id}. See roster-pipeline requests.")
    return found[0]


def _read(pg: Connection, which: sa.ColumnElement[bool], limit: int) -> list[Request]:
    rows = pg.execute(
        sa.select(
            requests.id,
            organizations.c.clever_district_id,
            organizations.c.name,
            requests.scope,
            requests.scope_clever_id,
            requests.state,
            requests.summary,
            requests.requested_at,
            requests.started_at,
            requests.finished_at,
            requests.sync_id,
        )
        .join_from(refresh_requests, organizations, requests.organization_id == organizations.c.id)
        .where(which)
        .order_by(requests.id.desc())
        .limit(limit)
    )
    return [Request(*row) for row in rows]
