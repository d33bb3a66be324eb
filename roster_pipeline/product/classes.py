"""What people on the Clever page change about classes: hide, show, and the classes that teachers make here.

A class from Clever changes in nothing but `hidden_at`. The write protection of the database refuses the rest.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.tables import roster_teachers, rosters

NAME_MAX_LENGTH = 100
"""The characters of the name of a class that a teacher makes."""


def hide_class(pg: Connection, roster_id: int, now: datetime) -> bool:
    """Hide a class from its students. Return False if it is hidden or archived already."""
    return _change(pg, roster_id, rosters.c.hidden_at.is_(None), hidden_at=now)


def show_class(pg: Connection, roster_id: int, hidden_at: datetime) -> bool:
    """Show a class that was hidden at this time. Return False if somebody changed that meanwhile."""
    return _change(pg, roster_id, rosters.c.hidden_at == hidden_at, hidden_at=None)


def _change(pg: Connection, roster_id: int, condition: sa.ColumnElement[bool], **values: object) -> bool:
    live = sa.and_(rosters.c.id == roster_id, rosters.c.archived_at.is_(None), condition)
    return pg.execute(rosters.update().where(live).values(values)).rowcount == 1


def clean_class_name(text: str) -> str | None:
    """Return the name of a class without control characters and blanks around it, or None if it is no name."""
    name = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return name if 0 < len(name) <= NAME_MAX_LENGTH else None


def is_own_native_class(pg: Connection, roster_id: int, teacher_id: int) -> bool:
    """Return whether a class was made here and this account teaches it."""
    own = sa.and_(
        rosters.c.id == roster_id,
        rosters.c.source == "native",
        roster_teachers.c.account_id == teacher_id,
        roster_teachers.c.ended_at.is_(None),
    )
    return bool(pg.execute(sa.select(sa.exists().select_from(rosters.join(roster_teachers)).where(own))).scalar())
