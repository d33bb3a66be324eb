"""Update Roster requests as a sync sees them: it takes up all that wait when it begins, and answers them when it ends.

Filing them, and what waits for a run, is `refresh`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.model.scope import Scope
from roster_pipeline.product.tables import refresh_requests, roster_students, roster_teachers, rosters

requests = refresh_requests.c


def take_up(pg: Connection, organization_id: int, sync_id: int, at: datetime) -> None:
    """Every request for an update that waits for this district is this sync's now. No sync answers a preview."""
    pg.execute(
        refresh_requests.update()
        .where(requests.organization_id == organization_id, requests.kind == "update", requests.state == "queued")
        .values(state="running", sync_id=sync_id, started_at=at)
    )


def give_back(pg: Connection, sync_ids: Collection[int]) -> None:
    """Requests of syncs that were killed wait again: they were never answered, and the next sync serves them."""
    pg.execute(
        refresh_requests.update()
        .where(requests.sync_id.in_(sync_ids), requests.state == "running")
        .values(state="queued", sync_id=None, started_at=None)
    )


def scopes_asked(pg: Connection, sync_id: int) -> dict[Scope, tuple[int, ...]]:
    """What the requests that a sync has taken up are about; of a class, with the accounts of who is in it now."""
    asked = sa.select(requests.scope, requests.scope_clever_id).where(
        requests.sync_id == sync_id, requests.state == "running"
    )
    return {scope: _in_class(pg, scope) for scope in (Scope(*row) for row in pg.execute(asked.distinct()))}


def _in_class(pg: Connection, scope: Scope) -> tuple[int, ...]:
    if scope.subject != "section":
        return ()
    of_class = [
        sa.select(members.c.account_id)
        .join_from(members, rosters, members.c.roster_id == rosters.c.id)
        .where(rosters.c.clever_id == scope.clever_id, members.c.ended_at.is_(None))
        for members in (roster_teachers, roster_students)
    ]
    return tuple(pg.execute(sa.union(*of_class)).scalars())


def answer(
    pg: Connection,
    sync_id: int,
    state: str,
    summary: str,
    at: datetime,
    *,
    by_scope: Mapping[Scope, str] | None = None,
) -> None:
    """Answer what a sync has taken up: in the words for its scope, or else in those for the whole district."""
    words = by_scope or {}
    mine = sa.and_(requests.sync_id == sync_id, requests.state == "running")
    for scope in scopes_asked(pg, sync_id):
        same = sa.and_(requests.scope == scope.kind, requests.scope_clever_id.is_not_distinct_from(scope.clever_id))
        pg.execute(
            refresh_requests.update()
            .where(mine, same)
            .values(state=state, summary=words.get(scope, summary), finished_at=at)
        )
