"""The connection of each district: whether Clever shows it, whether an operator has paused or disconnected it.

`organizations.state` follows from both (R5.20). What Clever says of a district is kept beside it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import TierRefused
from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.model.feed import District
from roster_pipeline.product.organizations import Organization, find_organization
from roster_pipeline.product.tables import organizations

MISSING_FOR = timedelta(hours=1)
"""Between the first list without a district and the one after which the district counts as disconnected."""
columns = organizations.c
IS_OPERATORS = columns.operator_disconnected_at.is_not(None)
BRING_BACK = (
    "A district administrator can connect the app again in Clever; the next sync then goes on by itself. "
    "If the district has left for good: roster-pipeline disconnect {district_id}"
)


def gone_words(district_id: str, shown: Collection[str]) -> str:
    """What it means that Clever shows a connected district no more, and who can change it.

    Args:
        shown: Clever ids of the districts that Clever does show.
    """
    if not shown:
        return (
            f"Clever shows this app no district at all, and so not district {district_id}. Everything that the "
            "district has here stays as it is. Check that ROSTER_CLEVER_CLIENT_ID is that of the app which districts "
            "have connected. If it is, a district administrator can connect the app again in Clever."
        )
    return (
        f"The connection to district {district_id} is gone: Clever no longer shows it to this app. Everything that the "
        f"district has here stays as it is. {BRING_BACK.format(district_id=district_id)}"
    )


def note_shown(pg: Connection, shown: Collection[str]) -> None:
    """Keep that Clever shows these districts: one that counted as disconnected becomes active (R5.20).

    An operator's disconnection and an operator's pause stay.
    """
    was_missing = sa.or_(columns.missing_since.is_not(None), columns.state == "disconnected")
    chosen = sa.and_(columns.clever_district_id.in_(shown), ~IS_OPERATORS, was_missing)
    state = sa.case((columns.state == "disconnected", "active"), else_=columns.state)
    pg.execute(organizations.update().where(_free(chosen)).values(missing_since=None, state=state))


def note_list(pg: Connection, shown: Collection[str], at: datetime) -> None:
    """Keep which districts a whole list of connections has, and which it has not.

    A district that is missing twice, at least an hour apart, becomes disconnected. An empty list says nothing of any
    district.

    Args:
        shown: Clever ids of the list, read to its end.
        at: when the list was read.
    """
    if not shown:
        return
    note_shown(pg, shown)
    missing = sa.and_(columns.clever_district_id.not_in(shown), ~IS_OPERATORS)
    again = sa.and_(missing, columns.state == "active", columns.missing_since <= at - MISSING_FOR)
    pg.execute(organizations.update().where(_free(again)).values(state="disconnected"))
    unknown_since = sa.or_(columns.missing_since.is_(None), columns.missing_since > at + CLOCK_TOLERANCE)
    pg.execute(organizations.update().where(_free(sa.and_(missing, unknown_since))).values(missing_since=at))


def _free(which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Those rows that no other transaction holds: a district that is being published is not waited for."""
    return columns.id.in_(sa.select(columns.id).where(which).with_for_update(skip_locked=True, key_share=True))


def note_described(pg: Connection, district: District) -> None:
    """Keep what Clever says of a connected district: its state there, its error, the end of a pause, its portal."""
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
    """Stop the syncs of a district until `resume_district`; returns the district as it was.

    Raises:
        DistrictUnknown: the district was never connected.
        TierRefused: an operator has disconnected it.
    """
    was = find_organization(pg, district_id)
    if was.is_operator_disconnected:
        raise TierRefused(f"{refusal_of(was)}. There is nothing to pause.")
    _set_state(pg, district_id, "paused")
    return was


def resume_district(pg: Connection, district_id: str) -> Organization:
    """End a pause; returns the district as it was. Whether Clever still shows it, the next sync finds.

    Raises:
        DistrictUnknown: the district was never connected.
        TierRefused: an operator has disconnected it, and only `connect` ends that.
    """
    was = find_organization(pg, district_id)
    if was.is_operator_disconnected:
        raise TierRefused(refusal_of(was) or "")
    if was.state == "paused":
        _set_state(pg, district_id, "active")
    return was


def disconnect_district(pg: Connection, district_id: str, at: datetime) -> Organization:
    """End the connection of a district until `connect`, and keep everything; returns the district as it was.

    Raises:
        DistrictUnknown: the district was never connected.
    """
    was = find_organization(pg, district_id)
    if not was.is_operator_disconnected:
        _set_state(pg, district_id, "disconnected", operator_disconnected_at=at)
    return was


def _set_state(pg: Connection, district_id: str, state: str, **more: datetime) -> None:
    pg.execute(organizations.update().where(columns.clever_district_id == district_id).values({"state": state, **more}))


def refusal_of(organization: Organization) -> str | None:
    """Why an operator lets no sync of a district begin; None where syncs may begin.

    A district that Clever shows no more is tried all the same: each sync looks at Clever's list first.
    """
    district_id = organization.district_id
    if organization.state == "paused":
        return (
            f"District {district_id} is paused. No sync begins, and everything it has stays. "
            f"To go on: roster-pipeline resume {district_id}"
        )
    if organization.is_operator_disconnected:
        return (
            f"District {district_id} is disconnected by an operator. No sync begins, and everything it has stays. "
            f"To connect it again: roster-pipeline connect {district_id} --tier {organization.tier}"
        )
    return None
