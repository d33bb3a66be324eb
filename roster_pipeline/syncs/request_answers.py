"""Claims the queued refresh requests at the start of a sync, and answers them at its end.

`syncs/requests.py` files requests and lists those that wait for a run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.messages import product
from roster_pipeline.model.scope import Scope
from roster_pipeline.product.tables import refresh_requests, roster_students, roster_teachers, rosters

requests = refresh_requests.c
CANCELED = product.mark("Nothing changed: a person stopped the sync.")
"""The answer to a refresh request whose sync a person stopped."""


def claim_requests(
    pg: Connection, organization_id: int, sync_id: int, at: datetime, *, account_id: int | None = None
) -> None:
    """Claim the queued update requests of a district, or of one Library teacher, for a sync.

    Preview requests are not claimed.
    """
    of_unit = requests.organization_id == organization_id
    if account_id is not None:
        of_unit = sa.and_(of_unit, requests.scope == "library", requests.requested_by_account_id == account_id)
    pg.execute(
        refresh_requests.update()
        .where(of_unit, requests.kind == "update", requests.state == "queued")
        .values(state="running", sync_id=sync_id, started_at=at)
    )


def requeue_requests(pg: Connection, sync_ids: Collection[int]) -> None:
    """Put the unanswered requests of killed syncs back into the queue, where the next sync claims them."""
    pg.execute(
        refresh_requests.update()
        .where(requests.sync_id.in_(sync_ids), requests.state == "running")
        .values(state="queued", sync_id=None, started_at=None)
    )


def list_claimed_scopes(pg: Connection, sync_id: int) -> dict[Scope, tuple[int, ...]]:
    """Return the scopes of the requests that a sync has claimed. A class comes with the account ids of its members."""
    scopes = sa.select(requests.scope, requests.scope_clever_id).where(
        requests.sync_id == sync_id, requests.state == "running"
    )
    return {scope: _list_class_accounts(pg, scope) for scope in (Scope(*row) for row in pg.execute(scopes.distinct()))}


def _list_class_accounts(pg: Connection, scope: Scope) -> tuple[int, ...]:
    if scope.subject != "section":
        return ()
    of_class = [
        sa.select(members.c.account_id)
        .join_from(members, rosters, members.c.roster_id == rosters.c.id)
        .where(rosters.c.clever_id == scope.clever_id, members.c.ended_at.is_(None))
        for members in (roster_teachers, roster_students)
    ]
    return tuple(pg.execute(sa.union(*of_class)).scalars())


def answer_requests(
    pg: Connection,
    sync_id: int,
    state: str,
    summary: str,
    at: datetime,
    *,
    by_scope: Mapping[Scope, str] | None = None,
) -> None:
    """Answer the requests that a sync has claimed.

    Args:
        summary: the answer to a request about the district, or about a scope that `by_scope` does not have.
        by_scope: the answers to requests about one school or class.
    """
    answers = by_scope or {}
    claimed = sa.and_(requests.sync_id == sync_id, requests.state == "running")
    for scope in list_claimed_scopes(pg, sync_id):
        is_same_id = requests.scope_clever_id.is_not_distinct_from(scope.clever_id)
        pg.execute(
            refresh_requests.update()
            .where(claimed, requests.scope == scope.kind, is_same_id)
            .values(state=state, summary=answers.get(scope, summary), finished_at=at)
        )
