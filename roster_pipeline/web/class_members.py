"""One class with its teachers and its students."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from roster_pipeline.product.tables import (
    accounts,
    directory,
    pending_members,
    roster_students,
    roster_teachers,
    rosters,
    school_memberships,
)
from roster_pipeline.web.class_list import select_details
from roster_pipeline.web.lists import after_row

if TYPE_CHECKING:
    from roster_pipeline.web.page import Page

NAME = sa.func.concat_ws(" ", accounts.c.first_name, accounts.c.last_name).label("name")


@dataclass(frozen=True)
class ClassDetails:
    """A class.

    Attributes:
        row: what the list of classes shows of it.
        pending: how many members wait for Clever.
    """

    row: sa.Row[Any]
    teachers: Sequence[sa.Row[Any]]
    students: Sequence[sa.Row[Any]]
    pending: int

    @property
    def id(self) -> int:
        return int(self.row.id)


def read_class(page: Page, roster_id: int, *, after: int | None = None, most: int | None = None) -> ClassDetails | None:
    """Return a live class that the person sees, or None.

    Args:
        after: the account of the student after whom the students begin.
        most: the greatest number of students. None is for all of them.
    """
    live = sa.and_(rosters.c.id == roster_id, rosters.c.organization_id == page.own.id, rosters.c.archived_at.is_(None))
    row = page.pg.execute(select_details(sa.select(rosters).where(live).subquery("rosters"))).one_or_none()
    if row is None:
        return None
    pending = sa.select(sa.func.count()).where(pending_members.c.roster_id == roster_id)
    return ClassDetails(
        row,
        page.pg.execute(_select_teachers(roster_id)).all(),
        page.pg.execute(_select_students(page, roster_id, row.school_id, after).limit(most)).all(),
        page.pg.execute(pending).scalar_one(),
    )


def _select_teachers(roster_id: int) -> sa.Select[Any]:
    """Return the statement for the teachers of a class, the primary one first."""
    live = sa.and_(roster_teachers.c.roster_id == roster_id, roster_teachers.c.ended_at.is_(None))
    return (
        sa.select(
            accounts.c.id,
            NAME,
            accounts.c.email,
            accounts.c.imported_from_clever.label("is_from_clever"),
            roster_teachers.c.is_primary,
        )
        .select_from(roster_teachers.join(accounts))
        .where(live)
        .order_by(roster_teachers.c.is_primary.desc(), accounts.c.id)
    )


def _select_students(page: Page, roster_id: int, school_id: int | None, after: int | None) -> sa.Select[Any]:
    """Return the statement for the students of a class, by name. `is_of_school` is None if the class has no school.

    Args:
        after: the account of the student after whom the rows begin. None is for all of them.
    """
    sort_name = sa.func.coalesce(directory.c.sort_name, "")
    live = sa.and_(roster_students.c.roster_id == roster_id, roster_students.c.ended_at.is_(None))
    own = sa.and_(directory.c.account_id == accounts.c.id, directory.c.organization_id == page.own.id)
    at_school = sa.exists().where(
        school_memberships.c.account_id == accounts.c.id,
        school_memberships.c.school_id == school_id,
        school_memberships.c.ended_at.is_(None),
    )
    query = (
        sa.select(
            accounts.c.id,
            NAME,
            accounts.c.email,
            accounts.c.imported_from_clever.label("is_from_clever"),
            (sa.literal(value=True) if school_id is None else at_school).label("is_of_school"),
        )
        .select_from(roster_students.join(accounts).outerjoin(directory, own))
        .where(live)
        .order_by(sort_name, accounts.c.id)
    )
    if after is None:
        return query
    of_page = sa.and_(directory.c.organization_id == page.own.id, directory.c.account_id == after)
    key = page.pg.execute(sa.select(directory.c.sort_name).where(of_page)).scalar() or ""
    return query.where(after_row(sort_name, accounts.c.id, (key, after)))
