"""Transactions of the page: as role `roster_page`, in one organization, with what the visitor may see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout

from roster_pipeline.product.database import set_for_transaction, transaction
from roster_pipeline.web.overload import TooBusy


@dataclass(frozen=True)
class Visibility:
    """The rows that a transaction sees (product/migrations/sql/page_role.sql). By itself it sees nothing.

    Attributes:
        sees: `organization`, `schools`, `classes`, `self`, or an empty text for nothing.
    """

    organization_id: int | None = None
    sees: str = ""
    schools: tuple[int, ...] = ()
    account_id: int | None = None


NOTHING = Visibility()
PLANS = {"plan_cache_mode": "force_custom_plan"}
"""A plan for any value of a prepared statement can read a whole district where the values name one school."""


def set_visibility(pg: Connection, visibility: Visibility) -> None:
    """Narrow a transaction to one organization and to what may be seen of it."""
    set_for_transaction(pg, settings_of(visibility))


def settings_of(visibility: Visibility) -> dict[str, str]:
    """Return the settings of a transaction that sees the rows of a visibility."""
    return {
        "role": "roster_page",
        "roster.writer": "",
        "roster.organization": str(visibility.organization_id or ""),
        "roster.sees": visibility.sees,
        "roster.schools": "{" + ",".join(map(str, visibility.schools)) + "}",
        "roster.account": str(visibility.account_id or ""),
    }


@contextmanager
def page_transaction(engine: Engine, visibility: Visibility = NOTHING) -> Iterator[Connection]:
    """Open a transaction of the page.

    Raises:
        TooBusy: no connection became free in time.
        ProductUnusable: the database does not answer, or the role `roster_page` is missing.
    """
    try:
        with transaction(engine, settings={**PLANS, **settings_of(visibility)}) as pg:
            yield pg
    except PoolTimeout:
        raise TooBusy from None
