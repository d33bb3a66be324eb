"""The connection of each district: whether Clever shows it, and whether an operator has paused or disconnected it.

`organizations.state` follows from both (docs/rules.md R5.20). Clever's own state of the district is stored beside it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import TierRefused
from roster_pipeline.messages import operator
from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.model.feed import District
from roster_pipeline.product.organizations import Organization, find_organization
from roster_pipeline.product.tables import organizations

RefreshStop = Literal["sso_only", "paused", "disconnected"]
MISSING_FOR = timedelta(hours=1)
"""The time from the first list without a district to the list that makes the district disconnected."""
columns = organizations.c
IS_OPERATORS = columns.operator_disconnected_at.is_not(None)
BRING_BACK = operator.mark(
    "A district administrator can connect the app again in Clever; the next sync then continues. "
    "If the district has left for good: roster-pipeline disconnect {district_id}"
)


def describe_lost_connection(district_id: str, shown: Collection[str]) -> str:
    """Return a sentence that says that Clever no longer shows a connected district, and who can change that.

    Args:
        shown: Clever ids of the districts that Clever does show.
    """
    if not shown:
        return operator.text(
            "Clever shows this app no district at all, so not district {district_id} either. All data of the district "
            "is kept unchanged. Check that ROSTER_CLEVER_CLIENT_ID is that of the app which districts have connected. "
            "If it is, a district administrator can connect the app again in Clever.",
            district_id=district_id,
        )
    lost = operator.text(
        "The connection to district {district_id} is gone: Clever no longer shows it to this app. All data of the "
        "district is kept unchanged.",
        district_id=district_id,
    )
    return f"{lost} {operator.text(BRING_BACK, district_id=district_id)}"


def note_shown(pg: Connection, shown: Collection[str]) -> None:
    """Record that Clever shows these districts. A disconnected district becomes active (docs/rules.md R5.20).

    A pause or a disconnection by an operator stays.
    """
    was_missing = sa.or_(columns.missing_since.is_not(None), columns.state == "disconnected")
    chosen = sa.and_(columns.clever_district_id.in_(shown), ~IS_OPERATORS, was_missing)
    state = sa.case((columns.state == "disconnected", "active"), else_=columns.state)
    pg.execute(organizations.update().where(_select_unlocked(chosen)).values(missing_since=None, state=state))


def note_list(pg: Connection, shown: Collection[str], at: datetime) -> None:
    """Record which districts a complete list of connections contains, and which it lacks.

    A district that is missing from two lists at least an hour apart becomes disconnected. An empty list changes
    nothing.

    Args:
        shown: Clever ids of the list, which was read to its end.
        at: the time at which the list was read.
    """
    if not shown:
        return
    note_shown(pg, shown)
    # The organization of Clever Library is no district, so no list of connections contains it.
    missing = sa.and_(columns.clever_district_id.not_in(shown), columns.tier != "library", ~IS_OPERATORS)
    again = sa.and_(missing, columns.state == "active", columns.missing_since <= at - MISSING_FOR)
    pg.execute(organizations.update().where(_select_unlocked(again)).values(state="disconnected"))
    unknown_since = sa.or_(columns.missing_since.is_(None), columns.missing_since > at + CLOCK_TOLERANCE)
    pg.execute(organizations.update().where(_select_unlocked(sa.and_(missing, unknown_since))).values(missing_since=at))


def _select_unlocked(which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Select the rows that no other transaction has locked, so that no call waits for a district's publication."""
    return columns.id.in_(sa.select(columns.id).where(which).with_for_update(skip_locked=True, key_share=True))


def note_described(pg: Connection, district: District) -> None:
    """Record Clever's own state of a connected district, with its error, the end of a pause and its portal."""
    pg.execute(
        organizations.update()
        .where(columns.clever_district_id == district.id)
        .values(
            clever_state=district.state or None,
            clever_error=district.error or None,
            clever_pause_end=district.pause_end,
            portal_url=district.portal_url or None,
        )
    )


def pause_district(pg: Connection, district_id: str) -> Organization:
    """Stop the syncs of a district until `resume_district`. Return the district as it was before.

    Raises:
        DistrictUnknown: the district was never connected.
        TierRefused: an operator has disconnected the district.
    """
    was = find_organization(pg, district_id)
    if was.is_operator_disconnected:
        raise TierRefused(f"{describe_stop(was)}. {operator.text('There is nothing to pause.')}")
    _set_state(pg, district_id, "paused")
    return was


def resume_district(pg: Connection, district_id: str) -> Organization:
    """End a pause. Return the district as it was before. The next sync checks whether Clever still shows it.

    Raises:
        DistrictUnknown: the district was never connected.
        TierRefused: an operator has disconnected the district. Only `connect` ends that.
    """
    was = find_organization(pg, district_id)
    if was.is_operator_disconnected:
        raise TierRefused(describe_stop(was) or "")
    if was.state == "paused":
        _set_state(pg, district_id, "active")
    return was


def disconnect_district(pg: Connection, district_id: str, at: datetime) -> Organization:
    """End the connection of a district until `connect`. All its data stays. Return the district as it was before.

    Raises:
        DistrictUnknown: the district was never connected.
    """
    was = find_organization(pg, district_id)
    if not was.is_operator_disconnected:
        _set_state(pg, district_id, "disconnected", operator_disconnected_at=at)
    return was


def _set_state(pg: Connection, district_id: str, state: str, **more: datetime) -> None:
    pg.execute(organizations.update().where(columns.clever_district_id == district_id).values({"state": state, **more}))


def find_refresh_stop(organization: Organization) -> RefreshStop | None:
    """Return why no update of a district may be requested, or None if one may (docs/rules.md R3.4)."""
    if organization.tier == "sso_only":
        return "sso_only"
    if organization.state == "paused":
        return "paused"
    return "disconnected" if organization.is_operator_disconnected else None


def describe_stop(organization: Organization) -> str | None:
    """Return a sentence that says why no sync of a district may begin, or return None if syncs may begin.

    A district that Clever no longer shows may still be synced, because each sync reads Clever's list first.
    """
    if organization.state == "paused":
        return operator.text(
            "District {district_id} is paused. No sync begins, and all its data is kept. "
            "To go on: roster-pipeline resume {district_id}",
            district_id=organization.district_id,
        )
    if organization.is_operator_disconnected:
        return operator.text(
            "District {district_id} is disconnected by an operator. No sync begins, and all its data is kept. "
            "To connect it again: roster-pipeline connect {district_id} --tier {tier}",
            district_id=organization.district_id,
            tier=organization.tier,
        )
    return None
