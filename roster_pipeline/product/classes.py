"""Hide classes from their students, and show them again."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.tables import rosters


def hide_class(pg: Connection, roster_id: int, now: datetime) -> bool:
    """Hide a class from its students. Return False if it is hidden or archived already."""
    return _change(pg, roster_id, rosters.c.hidden_at.is_(None), hidden_at=now)


def show_class(pg: Connection, roster_id: int, hidden_at: datetime) -> bool:
    """Show a class that was hidden at this time. Return False if another person changed that meanwhile."""
    return _change(pg, roster_id, rosters.c.hidden_at == hidden_at, hidden_at=None)


def _change(pg: Connection, roster_id: int, condition: sa.ColumnElement[bool], **values: object) -> bool:
    live = sa.and_(rosters.c.id == roster_id, rosters.c.archived_at.is_(None), condition)
    return pg.execute(rosters.update().where(live).values(values)).rowcount == 1
