"""The presses of *Update Roster* as the page shows them, and which of them a person may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.tables import refresh_requests, rosters, schools, syncs
from roster_pipeline.web.library_words import REFUSALS, Refusal
from roster_pipeline.web.rights import Role, Viewer

requests = refresh_requests.c
OPEN_STATES = ("queued", "running")


@dataclass(frozen=True)
class Press:
    """One press of *Update Roster*, with the sync that works on it or has answered it.

    Attributes:
        place_name: the name of the school or class. None for the whole district.
        is_behind: another sync is running, which began before the press.
        others: the number of other presses that wait for the same sync.
        counts: `syncs.counts` of the sync.
        summary: the stored answer, if no sync has begun.
    """

    id: int
    state: str
    scope: str
    scope_clever_id: str | None
    school_id: int | None
    roster_id: int | None
    place_name: str | None
    requested_at: datetime
    finished_at: datetime | None
    sync_id: int | None
    step: str | None
    read_rows: int | None
    expected_rows: int | None
    counts: dict[str, Any] | None
    summary: str | None
    is_behind: bool
    others: int

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def refusal(self) -> Refusal | None:
        """Return why Clever refused the update of a Library teacher, or would have refused it, if so."""
        if self.scope != "library" or self.state != "failed":
            return None
        if self.sync_id:
            return (self.counts or {}).get("refusal")
        return next((refusal for refusal, sentence in REFUSALS.items() if self.summary == sentence), None)


def find_press(pg: Connection, viewer: Viewer, press_id: int) -> Press | None:
    """Return one press, or None if it does not exist or the person may not see it."""
    row = pg.execute(_select_one(), {**_values_of(viewer), "press": press_id}).one_or_none()
    return Press(*row) if row else None


def list_presses(pg: Connection, viewer: Viewer, *, limit: int, is_open: bool = False) -> list[Press]:
    """Return the last presses that the person may see, the newest first.

    Args:
        is_open: only the presses without an answer.
    """
    rows = pg.execute(_select_last(is_open=is_open), {**_values_of(viewer), "most": limit})
    return [Press(*row) for row in rows]


def _values_of(viewer: Viewer) -> dict[str, object]:
    """Return the values of the parameters of `_select`."""
    return {"person": viewer.account_id, "sees_all": viewer.role is Role.DISTRICT_ADMIN}


@cache
def _select_one() -> sa.Select[Any]:
    """Return the statement for one press. To build it takes longer than to execute it, so it is built once."""
    return _select().where(requests.id == sa.bindparam("press"))


@cache
def _select_last(*, is_open: bool) -> sa.Select[Any]:
    """Return the statement for the last presses."""
    which = requests.state.in_(OPEN_STATES) if is_open else sa.true()
    return _select().where(which).order_by(requests.id.desc()).limit(sa.bindparam("most", type_=sa.BigInteger))


def _select() -> sa.Select[Any]:
    """Select the presses that a person may see.

    A district admin sees all presses of the district. Others see their own, and those for a school or class that
    row-level security shows them.
    """
    running, other = syncs.alias("running"), refresh_requests.alias("other")
    is_behind = sa.exists().where(running.c.organization_id == requests.organization_id, running.c.state == "running")
    others = sa.select(sa.func.count()).where(
        other.c.organization_id == requests.organization_id,
        other.c.kind == "update",
        other.c.state == requests.state,
        other.c.id != requests.id,
    )
    is_own = requests.requested_by_account_id == sa.bindparam("person", type_=sa.BigInteger)
    sees_all = sa.bindparam("sees_all", type_=sa.Boolean)
    school = sa.and_(requests.scope == "school", schools.c.clever_id == requests.scope_clever_id)
    roster = sa.and_(requests.scope == "section", rosters.c.clever_id == requests.scope_clever_id)
    return (
        sa.select(
            *(requests.id, requests.state, requests.scope, requests.scope_clever_id),
            *(schools.c.id, rosters.c.id, sa.func.coalesce(schools.c.name, rosters.c.name)),
            *(requests.requested_at, requests.finished_at, requests.sync_id),
            *(syncs.c.step, syncs.c.read_rows, syncs.c.expected_rows, syncs.c.counts, requests.summary),
            *(is_behind, others.scalar_subquery()),
        )
        .select_from(refresh_requests.outerjoin(syncs).outerjoin(schools, school).outerjoin(rosters, roster))
        .where(
            requests.kind == "update", sa.or_(sees_all, is_own, schools.c.id.is_not(None), rosters.c.id.is_not(None))
        )
    )
