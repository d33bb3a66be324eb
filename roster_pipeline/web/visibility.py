"""Transactions of the page: as role `roster_page`, in one organization, with what the visitor may see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from roster_pipeline.product.database import transaction

SETTINGS = """
    select set_config('role', 'roster_page', true), set_config('roster.writer', '', true),
        set_config('roster.organization', :organization, true), set_config('roster.sees', :sees, true),
        set_config('roster.schools', :schools, true), set_config('roster.account', :account, true)
"""


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


def set_visibility(pg: Connection, visibility: Visibility) -> None:
    """Narrow a transaction to one organization and to what may be seen of it."""
    pg.execute(
        sa.text(SETTINGS),
        {
            "organization": str(visibility.organization_id or ""),
            "sees": visibility.sees,
            "schools": "{" + ",".join(map(str, visibility.schools)) + "}",
            "account": str(visibility.account_id or ""),
        },
    )


@contextmanager
def page_transaction(engine: Engine, visibility: Visibility = NOTHING) -> Iterator[Connection]:
    """Open a transaction of the page.

    Raises:
        ProductUnusable: the database does not answer, or the role `roster_page` is missing.
    """
    with transaction(engine) as pg:
        set_visibility(pg, visibility)
        yield pg
