"""Files the requests of Library teachers for an update of their classes, and lists the teachers who wait for one.

A login and a press of *Update Class Rosters* file a request. No sensor of Dagster starts such an update, because only
the web program can read the token of the teacher.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.organizations import find_library_organization
from roster_pipeline.product.tables import refresh_requests, syncs
from roster_pipeline.syncs.account_requests import refuse_frequent_requests

requests = refresh_requests.c


def file_library_request(pg: Connection, account_id: int, *, at: datetime, is_press: bool = True) -> int:
    """File the request of a Library teacher, and return its number.

    If a request of the teacher still waits, that one is returned. The user of the Clever page may call this.

    Args:
        is_press: the teacher presses or logs in, which an account may do so many times an hour. Otherwise the request
            belongs to a decision or to a login that was counted before.

    Raises:
        PressedTooOften: as `file_account_request`.
    """
    waiting = sa.select(sa.func.min(requests.id)).where(_is_of(account_id), requests.state == "queued")
    if (request_id := pg.execute(waiting).scalar()) is not None:
        return int(request_id)
    if is_press:
        refuse_frequent_requests(pg, account_id, at)
    row = refresh_requests.insert().values(
        organization_id=find_library_organization(pg),
        scope="library",
        requested_by=f"account:{account_id}",
        requested_by_account_id=account_id,
        requested_at=at,
    )
    return int(pg.execute(row.returning(requests.id)).scalar_one())


def list_waiting_teachers(pg: Connection) -> list[int]:
    """Return the accounts of the Library teachers with queued requests, the longest wait first."""
    teacher = requests.requested_by_account_id
    rows = sa.select(teacher).where(requests.scope == "library", requests.state == "queued").group_by(teacher)
    return list(pg.execute(rows.order_by(sa.func.min(requests.id))).scalars())


def refuse_waiting_teacher(pg: Connection, account_id: int, why: str, *, at: datetime) -> None:
    """Answer the queued requests of a Library teacher whose update cannot begin, for example without a token.

    Args:
        why: a sentence of the catalogue `product`.
    """
    queued = sa.and_(_is_of(account_id), requests.state == "queued")
    pg.execute(refresh_requests.update().where(queued).values(state="failed", summary=why, finished_at=at))


def read_library_teacher(pg: Connection, sync_id: int) -> int | None:
    """Return the account of the Library teacher whose update a sync was, or None for the sync of a district."""
    return pg.execute(sa.select(syncs.c.account_id).where(syncs.c.id == sync_id)).scalar()


def _is_of(account_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(requests.scope == "library", requests.requested_by_account_id == account_id)
