"""The classes that teachers make here: make, rename, archive, restore, and add and remove students.

Each function acts for the teacher whose visibility the transaction has (`product/migrations/sql/native_classes.sql`).
Write protection refuses any change of a class from Clever.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from roster_pipeline.product.tables import org_memberships, organizations, roster_students, roster_teachers, rosters

NAME_MAX_LENGTH = 100
"""The characters of the name of a class."""
RESTORE_SPAN = timedelta(days=30)
"""How long an archived class can be restored."""


def clean_class_name(text: str) -> str | None:
    """Return the name of a class without control characters and blanks around it, or None if it is no name."""
    name = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return name if 0 < len(name) <= NAME_MAX_LENGTH else None


def make_class(pg: Connection, name: str) -> int:
    """Make a class that the teacher teaches, and return its id."""
    return int(pg.execute(sa.select(sa.func.roster.make_native_class(name))).scalar_one())


def follow_teachers(pg: Connection, organization_ids: Collection[int]) -> None:
    """Move native classes to the organization of their teacher, who has come from Clever Library or gone back to it.

    The classes are the teacher's own, and nobody sees a class of another organization (docs/rules.md R3.13).

    Args:
        organization_ids: the organizations between which the teachers have moved.
    """
    teaching, member, here = roster_teachers.c, org_memberships.c, org_memberships.alias("here").c
    either = organizations.c.id.in_((rosters.c.organization_id, member.organization_id))
    is_moved = sa.and_(
        rosters.c.source == "native",
        rosters.c.organization_id.in_(organization_ids),
        rosters.c.organization_id != member.organization_id,
        teaching.roster_id == rosters.c.id,
        teaching.ended_at.is_(None),
        member.account_id == teaching.account_id,
        member.ended_at.is_(None),
        member.organization_id.in_(organization_ids),
        sa.exists().where(organizations.c.tier == "library", either),
        ~sa.exists().where(
            here.account_id == teaching.account_id,
            here.organization_id == rosters.c.organization_id,
            here.ended_at.is_(None),
        ),
    )
    pg.execute(rosters.update().where(is_moved).values(organization_id=member.organization_id))


def rename_class(pg: Connection, roster_id: int, old_name: str, name: str) -> bool:
    """Rename a class. Return False if its name is not the old one any more."""
    return _change(pg, roster_id, rosters.c.name == old_name, rosters.c.archived_at.is_(None), name=name)


def archive_class(pg: Connection, roster_id: int, now: datetime) -> bool:
    """Archive a class. Its students stay in it, so that it can be restored. Return False if it is archived already."""
    return _change(pg, roster_id, rosters.c.archived_at.is_(None), archived_at=now)


def restore_class(pg: Connection, roster_id: int, now: datetime) -> bool:
    """Restore a class that was archived within the last 30 days. Return False if there is no such class."""
    return _change(pg, roster_id, rosters.c.archived_at > now - RESTORE_SPAN, archived_at=None)


def list_archived_classes(pg: Connection, teacher_id: int, now: datetime) -> Sequence[sa.Row[Any]]:
    """Return id, name and `archived_at` of the classes that the teacher can restore, the newest first."""
    own = sa.and_(*_own(teacher_id), rosters.c.archived_at > now - RESTORE_SPAN)
    columns = rosters.c.id, rosters.c.name, rosters.c.archived_at
    classes = sa.select(*columns).select_from(rosters.join(roster_teachers)).where(own)
    return pg.execute(classes.order_by(rosters.c.archived_at.desc(), rosters.c.id)).all()


def is_own_native_class(pg: Connection, roster_id: int, teacher_id: int) -> bool:
    """Return whether a class was made here and the teacher teaches it."""
    own = sa.select(rosters.c.id).select_from(rosters.join(roster_teachers)).where(*_own(teacher_id))
    return pg.execute(own.where(rosters.c.id == roster_id)).scalar() is not None


def list_addable_students(pg: Connection, roster_id: int, search: str, limit: int) -> Sequence[sa.Row[Any]]:
    """Return id and name of the students whom the teacher may add to a class, by name.

    Args:
        search: the beginnings of words of a name or an email, or an empty text for all students.
        limit: the most rows.
    """
    students = sa.func.roster.addable_students(search).table_valued("account_id", "name", "sort_name").alias("students")
    is_member = sa.exists().where(
        roster_students.c.roster_id == roster_id,
        roster_students.c.account_id == students.c.account_id,
        roster_students.c.ended_at.is_(None),
    )
    rows = sa.select(students.c.account_id.label("id"), students.c.name).where(~is_member)
    return pg.execute(rows.order_by(students.c.sort_name, students.c.account_id).limit(limit)).all()


def add_students(pg: Connection, roster_id: int, account_ids: Collection[int]) -> list[int]:
    """Add those of some students whom the teacher may add. Return those who were not in the class."""
    students = sa.func.roster.addable_students("").table_valued("account_id", "name", "sort_name").alias("students")
    chosen = sa.select(sa.literal(roster_id), students.c.account_id).where(students.c.account_id.in_(account_ids))
    rows = insert(roster_students).from_select(["roster_id", "account_id"], chosen)
    again = rows.on_conflict_do_update(
        index_elements=["roster_id", "account_id"],
        set_={"ended_at": None},
        where=roster_students.c.ended_at.is_not(None),
    )
    return sorted(pg.execute(again.returning(roster_students.c.account_id)).scalars())


def remove_student(pg: Connection, roster_id: int, account_id: int, now: datetime) -> bool:
    """Remove a student from a class. Return False if the student is not in it."""
    live = sa.and_(
        roster_students.c.roster_id == roster_id,
        roster_students.c.account_id == account_id,
        roster_students.c.ended_at.is_(None),
    )
    return pg.execute(roster_students.update().where(live).values(ended_at=now)).rowcount == 1


def _change(pg: Connection, roster_id: int, *conditions: sa.ColumnElement[bool], **values: object) -> bool:
    native = rosters.c.id == roster_id, rosters.c.source == "native"
    return pg.execute(rosters.update().where(*native, *conditions).values(values)).rowcount == 1


def _own(teacher_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    is_teacher = roster_teachers.c.account_id == teacher_id, roster_teachers.c.ended_at.is_(None)
    return rosters.c.source == "native", *is_teacher
