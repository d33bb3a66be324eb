"""Files refresh requests, lists those that wait for a run, and estimates how long the answer takes.

A sensor of Dagster starts a run for each district with queued requests. The sync claims all of them at its start and
answers them at its end (`syncs/request_answers.py`), so one sync answers any number of requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import median

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import CannotStart, TierRefused
from roster_pipeline.messages import operator, product
from roster_pipeline.model.clever_id import is_clever_id
from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.model.scope import DISTRICT, Scope
from roster_pipeline.product.connections import describe_stop, find_refresh_stop
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.product.tables import organizations, refresh_requests, rosters, schools, syncs
from roster_pipeline.syncs.request_answers import CANCELED

ESTIMATE_REQUESTS = 10
"""The number of the last answered requests that an estimate uses."""
SCOPE_TABLES = {"school": schools, "section": rosters}
requests = refresh_requests.c
NO_ROSTER_SYNC = operator.mark("District {district_id} has tier sso_only: single sign-on, but no roster sync.")
IS_LIBRARY = operator.mark("Clever Library is no district. Each teacher starts an update of own classes on the page.")
NOT_FILED = operator.mark("No request was filed.")
NO_CLEVER_ID = {
    "school": operator.mark("A school is named by its Clever ID, 24 characters of 0-9 and a-f."),
    "section": operator.mark("A section is named by its Clever ID, 24 characters of 0-9 and a-f."),
}
NOT_IN_DISTRICT = {
    "school": operator.mark(
        "District {district_id} has no school {clever_id} here. No request was filed. "
        "Request an update of the whole district instead."
    ),
    "section": operator.mark(
        "District {district_id} has no section {clever_id} here. No request was filed. "
        "Request an update of the whole district instead."
    ),
}
NO_REQUEST = operator.mark("There is no request {request}. See roster-pipeline requests.")


@dataclass(frozen=True)
class WaitingDistrict:
    """A district with queued requests. One sync answers all of them.

    Attributes:
        is_pressed: a person pressed *Update Roster* on the Clever page.
    """

    district_id: str
    district_name: str
    newest_id: int
    is_pressed: bool


@dataclass(frozen=True)
class FiledRequest:
    """A request that was filed now.

    Attributes:
        scope: the scope of the request. For a class that the product does not have yet, it is the district.
        joins: the id of the first queued request with the same scope. One sync answers both.
        is_behind: a sync of the district is running. It may have read Clever before the request was filed, so the next
            sync answers the request.
        district_state: `active`, or `disconnected` if Clever did not show the district to its last sync.
    """

    id: int
    scope: Scope
    joins: int | None
    is_behind: bool
    district_state: str


@dataclass(frozen=True)
class Estimate:
    """The time from filing to answer of the last requests of a district, in seconds."""

    requests: int
    median: float
    worst: float


@dataclass(frozen=True)
class Request:
    """A request and its state. `summary` is the answer in words."""

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
    pg: Connection,
    district_id: str,
    *,
    scope: str,
    scope_clever_id: str | None,
    requested_by: str | None,
    account_id: int | None = None,
) -> FiledRequest:
    """File a refresh request. Each press of *Update Roster* is a row of its own and gets an answer.

    Args:
        scope: `district`, `school` or `section`.
        scope_clever_id: the Clever id of the school or section.
        account_id: the account of the person who pressed the button on the Clever page.

    Raises:
        DistrictUnknown: the district was never connected.
        TierRefused: the tier has no roster sync, or an operator has paused or disconnected the district.
        CannotStart: the school or section does not belong to this district.
    """
    organization = find_organization(pg, district_id)
    if find_refresh_stop(organization) == "sso_only":
        raise TierRefused(operator.text(NO_ROSTER_SYNC, district_id=district_id))
    if organization.tier == "library":
        raise TierRefused(f"{operator.text(IS_LIBRARY)} {operator.text(NOT_FILED)}")
    if refusal := describe_stop(organization):
        raise TierRefused(f"{refusal}. {operator.text(NOT_FILED)}")
    wanted = DISTRICT if scope == "district" else _find_scope(pg, organization.id, district_id, scope, scope_clever_id)
    of_district = sa.and_(requests.organization_id == organization.id, requests.kind == "update")
    equal = sa.and_(requests.scope == wanted.kind, requests.scope_clever_id.is_not_distinct_from(wanted.clever_id))
    joins = pg.execute(sa.select(sa.func.min(requests.id)).where(of_district, requests.state == "queued", equal))
    running = sa.exists().where(syncs.c.organization_id == organization.id, syncs.c.state == "running")
    row = refresh_requests.insert().values(
        organization_id=organization.id,
        scope=wanted.kind,
        scope_clever_id=wanted.clever_id,
        requested_by=requested_by,
        requested_by_account_id=account_id,
    )
    return FiledRequest(
        joins=joins.scalar(),
        is_behind=bool(pg.execute(sa.select(running)).scalar()),
        id=int(pg.execute(row.returning(requests.id)).scalar_one()),
        scope=wanted,
        district_state=organization.state,
    )


def _find_scope(pg: Connection, organization_id: int, district_id: str, kind: str, clever_id: str | None) -> Scope:
    """Return the scope of a school or class of this district, or of the district for a class that is not here yet."""
    if kind not in SCOPE_TABLES:
        raise CannotStart(operator.text("A request is for a district, a school or a section."))
    if not is_clever_id(clever_id or ""):
        raise CannotStart(operator.text(NO_CLEVER_ID[kind]))
    table = SCOPE_TABLES[kind]
    owner = pg.execute(sa.select(table.c.organization_id).where(table.c.clever_id == clever_id)).scalar()
    if owner == organization_id:
        return Scope("school" if kind == "school" else "section", clever_id)
    if owner is None and kind == "section":
        return Scope("district", clever_id)
    raise CannotStart(operator.text(NOT_IN_DISTRICT[kind], clever_id=clever_id, district_id=district_id))


def refuse_waiting(pg: Connection, district_id: str, why: str) -> None:
    """Answer the queued requests of a district that will not be synced any more."""
    own = sa.select(organizations.c.id).where(organizations.c.clever_district_id == district_id).scalar_subquery()
    pg.execute(
        refresh_requests.update()
        .where(requests.organization_id == own, requests.state == "queued")
        .values(state="failed", summary=why, finished_at=sa.func.now())
    )


def cancel_waiting(pg: Connection, district_id: str, *, filed_before: datetime, at: datetime) -> None:
    """Answer the requests of a run that a person stopped before its sync began."""
    own = sa.select(organizations.c.id).where(organizations.c.clever_district_id == district_id).scalar_subquery()
    pg.execute(
        refresh_requests.update()
        .where(requests.organization_id == own, requests.kind == "update", requests.state == "queued")
        .where(requests.requested_at < filed_before)
        .values(state="canceled", summary=product().text(CANCELED), finished_at=at)
    )


def list_waiting_districts(pg: Connection) -> list[WaitingDistrict]:
    """Return the districts with queued requests that may be synced, the longest wait first."""
    rows = pg.execute(
        sa.select(
            organizations.c.clever_district_id,
            organizations.c.name,
            sa.func.max(requests.id),
            sa.func.bool_or(requests.requested_by_account_id.is_not(None)),
        )
        .join_from(refresh_requests, organizations, requests.organization_id == organizations.c.id)
        .where(
            requests.kind == "update",
            requests.state == "queued",
            organizations.c.state != "paused",
            organizations.c.operator_disconnected_at.is_(None),
            organizations.c.tier == "secure_sync",
        )
        .group_by(organizations.c.id)
        .order_by(sa.func.min(requests.requested_at))
    )
    return [WaitingDistrict(*row) for row in rows]


def estimate_answer_time(pg: Connection, district_id: str, now: datetime) -> Estimate | None:
    """Estimate the time to an answer from the district's last answered requests. Return None if there are none."""
    # A request whose answer is dated in the future, or before the request, was dated by a wrong clock.
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
        .limit(ESTIMATE_REQUESTS)
    )
    seconds = [(row.finished_at - row.requested_at).total_seconds() for row in rows]
    return Estimate(len(seconds), median(seconds), max(seconds)) if seconds else None


def list_requests(pg: Connection, *, district_id: str | None = None, limit: int = 20) -> list[Request]:
    """Return the last requests of one district or of all, the newest first."""
    of_district = sa.true() if district_id is None else organizations.c.clever_district_id == district_id
    return _read(pg, of_district, limit)


def find_request(pg: Connection, request_id: int) -> Request:
    """Return one request.

    Raises:
        CannotStart: there is no request of this number.
    """
    rows = _read(pg, requests.id == request_id, 1)
    if not rows:
        raise CannotStart(operator.text(NO_REQUEST, request=request_id))
    return rows[0]


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
