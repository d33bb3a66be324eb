"""Refuses filed decisions about rows of another organization, or about the update of another Library teacher."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.messages import operator
from roster_pipeline.syncs.library_requests import read_library_teacher

OF_ANOTHER = operator.mark("This is not of the district, or of the teacher, of the decision.")


def require_own_row(pg: Connection, organization_id: int, table: sa.Table, which: sa.ColumnElement[bool]) -> None:
    """Refuse a decision about a row of another organization.

    Raises:
        CorrectionRefused: one of the rows is of another organization, or there is no such row.
    """
    owners = set(pg.execute(sa.select(table.c.organization_id).where(which)).scalars())
    if owners != {organization_id}:
        raise CorrectionRefused(operator.text(OF_ANOTHER))


def require_own_update(pg: Connection, account_id: int | None, sync_id: int | None) -> int | None:
    """Refuse a decision about the update of another Library teacher.

    Args:
        account_id: the account of the person who decides.

    Returns:
        The Library teacher of the update, or None for the update of a district.

    Raises:
        CorrectionRefused: the update is another teacher's.
    """
    teacher = read_library_teacher(pg, sync_id) if sync_id is not None else None
    if teacher not in (None, account_id):
        raise CorrectionRefused(operator.text(OF_ANOTHER))
    return teacher
