"""The schools that an admin may see, with their counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from roster_pipeline.product.tables import rosters, school_memberships, schools
from roster_pipeline.web.lists import PAGE_ROWS, ListPart, ListRequest, after_row, make_part, select_count

if TYPE_CHECKING:
    from roster_pipeline.web.page import Page

SORT_NAME = sa.func.left(schools.c.name, 100)
LIVE = sa.and_(schools.c.organization_id == sa.bindparam("own"), schools.c.archived_at.is_(None))
LIST_NAMES = sa.select(schools.c.id, schools.c.name).where(LIVE).order_by(SORT_NAME, schools.c.id)
COUNT = select_count(sa.select(schools.c.id).where(LIVE))


def read_schools(page: Page, request: ListRequest) -> ListPart:
    """Return one page of the schools, by name."""
    rows = page.pg.execute(select_schools(page, request, PAGE_ROWS + 1)).all()
    return make_part(request, rows, lambda: page.pg.execute(COUNT, {"own": page.own.id}).scalar_one())


def select_schools(page: Page, request: ListRequest, limit: int | None = None) -> sa.Select[Any]:
    """Return the statement for the live schools with the numbers of their teachers, classes and students.

    Args:
        limit: the most rows. None is for all of them.
    """
    conditions = [schools.c.organization_id == page.own.id, schools.c.archived_at.is_(None)]
    if request.school:
        conditions.append(schools.c.id == request.school)
    if request.after:
        key = page.pg.execute(sa.select(SORT_NAME, schools.c.id).where(schools.c.id == request.after)).one_or_none()
        conditions += [after_row(SORT_NAME, schools.c.id, (key[0], key[1]))] if key else []
    classes = sa.select(sa.func.count()).where(
        rosters.c.school_id == schools.c.id,
        rosters.c.organization_id == schools.c.organization_id,
        rosters.c.archived_at.is_(None),
    )
    return (
        sa.select(
            *(schools.c[name] for name in ("id", "clever_id", "name", "low_grade", "high_grade")),
            _count_members("teacher").label("teachers"),
            classes.scalar_subquery().label("classes"),
            _count_members("student").label("students"),
        )
        .where(*conditions)
        .order_by(SORT_NAME, schools.c.id)
        .limit(limit)
    )


def list_school_names(page: Page) -> Sequence[tuple[int, str]]:
    """Return the ids and the names of the live schools, for a filter."""
    return page.pg.execute(LIST_NAMES, {"own": page.own.id}).tuples().all()


def _count_members(role: str) -> sa.ScalarSelect[int]:
    live = sa.and_(
        school_memberships.c.school_id == schools.c.id,
        school_memberships.c.role == role,
        school_memberships.c.ended_at.is_(None),
    )
    return sa.select(sa.func.count()).where(live).scalar_subquery()
