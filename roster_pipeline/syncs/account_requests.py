"""Files the refresh requests of the people who press *Update Roster* on the Clever page."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import PressedTooOften
from roster_pipeline.messages import operator
from roster_pipeline.product.tables import refresh_requests
from roster_pipeline.syncs.requests import file_request

MAX_REQUESTS, REQUEST_WINDOW = 12, timedelta(hours=1)
"""The requests that one account may file within this time."""
requests = refresh_requests.c


def file_account_request(
    pg: Connection, district_id: str, account_id: int, *, scope: str, scope_clever_id: str | None, at: datetime
) -> int:
    """File the request of a person, and return its number.

    If an equal request of the person still waits, that one is returned.

    Raises:
        PressedTooOften: the account has filed `MAX_REQUESTS` requests within `REQUEST_WINDOW`.
        TierRefused, CannotStart: as `file_request`.
    """
    own = sa.and_(requests.requested_by_account_id == account_id, requests.kind == "update")
    is_equal = sa.and_(requests.scope == scope, requests.scope_clever_id.is_not_distinct_from(scope_clever_id))
    waiting = sa.select(sa.func.min(requests.id)).where(own, is_equal, requests.state == "queued")
    if (request_id := pg.execute(waiting).scalar()) is not None:
        return int(request_id)
    refuse_frequent_requests(pg, account_id, at)
    filed = file_request(
        pg,
        district_id,
        scope=scope,
        scope_clever_id=scope_clever_id,
        requested_by=f"account:{account_id}",
        account_id=account_id,
    )
    return filed.id


def refuse_frequent_requests(pg: Connection, account_id: int, at: datetime) -> None:
    """Refuse a further request of an account that has filed too many.

    Raises:
        PressedTooOften: the account has filed `MAX_REQUESTS` requests within `REQUEST_WINDOW`.
    """
    own = sa.and_(requests.requested_by_account_id == account_id, requests.kind == "update")
    recent = sa.select(sa.func.count()).where(own, requests.requested_at > at - REQUEST_WINDOW)
    if pg.execute(recent).scalar_one() >= MAX_REQUESTS:
        raise PressedTooOften(operator.text("This account has filed too many requests. No request was filed."))
