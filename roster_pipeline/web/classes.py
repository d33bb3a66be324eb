"""The classes that a person may see, with their teachers."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.tables import accounts, roster_teachers, rosters


@dataclass(frozen=True)
class ClassLine:
    """A class and the names of its teachers, the primary one first."""

    id: int
    name: str
    teachers: list[str]


def list_classes(pg: Connection) -> list[ClassLine]:
    """Return the live classes that the transaction sees, by name. Hidden classes are left out."""
    name = sa.func.concat_ws(" ", accounts.c.first_name, accounts.c.last_name)
    order = (roster_teachers.c.is_primary.desc(), accounts.c.id)
    live_teacher = sa.and_(roster_teachers.c.roster_id == rosters.c.id, roster_teachers.c.ended_at.is_(None))
    teachers = sa.func.array(
        sa.select(name)
        .select_from(roster_teachers.join(accounts))
        .where(live_teacher)
        .order_by(*order)
        .scalar_subquery()
    )
    shown = sa.and_(rosters.c.archived_at.is_(None), rosters.c.hidden_at.is_(None))
    rows = pg.execute(
        sa.select(rosters.c.id, rosters.c.name, teachers).where(shown).order_by(rosters.c.name, rosters.c.id)
    )
    return [ClassLine(*row) for row in rows]
