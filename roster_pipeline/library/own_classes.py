"""Reads from the product which classes a Library teacher has or had, and who is in them."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.tables import (
    accounts,
    identity_links,
    library_classes,
    org_memberships,
    roster_students,
    roster_teachers,
    rosters,
    syncs,
)

choices, teaching, learning = library_classes.c, roster_teachers.c, roster_students.c


@dataclass(frozen=True)
class OwnClasses:
    """The classes of a teacher in the product. Sections and students are named by their Clever ids.

    Attributes:
        chosen: the sections that the teacher chose or teaches here, and did not remove.
        removed: the sections that the teacher removed.
        taught: the chosen sections that the teacher teaches here.
        known: the sections above, and those of archived classes that the teacher taught.
        shared: the known sections that another teacher teaches in the product too, or chose since the last update.
        students: the students of the organization who are or were in a known section.
        enrollments: the live enrollments of these students in every class of the organization, as student and section.
    """

    chosen: Set[str]
    removed: Set[str]
    taught: Set[str]
    known: Set[str]
    shared: Set[str]
    students: Set[str]
    enrollments: Set[tuple[str, str]]

    def find_left(self, read: Set[str]) -> Set[str]:
        """Return the known sections that are not among those that were read."""
        return self.known - read

    def find_left_to_others(self, read: Set[str]) -> Set[str]:
        """Return the known sections that were not read and that another teacher keeps."""
        return self.find_left(read) & self.shared

    def find_leaving(self, read: Set[str], students: Set[str]) -> Set[str]:
        """Return the students who are in no class of the organization any more.

        Args:
            read: the sections that were read.
            students: the students who were read.
        """
        decided = self.known - self.find_left_to_others(read)
        elsewhere = {student for student, section in self.enrollments if section not in decided}
        return self.students - students - elsewhere


def load_own_classes(pg: Connection, organization_id: int, account_id: int) -> OwnClasses:
    """Return the classes of a teacher in the Library organization."""
    own = sa.and_(choices.organization_id == organization_id, choices.account_id == account_id)
    rows = pg.execute(sa.select(choices.section_id, choices.removed_at).where(own)).all()
    removed = {row.section_id for row in rows if row.removed_at is not None}
    is_own = teaching.account_id == account_id
    taught = _list_taught(pg, organization_id, sa.and_(is_own, rosters.c.archived_at.is_(None))) - removed
    chosen = {row.section_id for row in rows} - removed | taught
    known = chosen | removed | _list_taught(pg, organization_id, is_own)
    in_known = rosters.c.clever_id.in_(known)
    students, enrollments = _list_students(pg, organization_id, in_known)
    shared = _list_taught(pg, organization_id, sa.and_(teaching.account_id != account_id, in_known))
    shared |= _list_awaited(pg, account_id, known)
    return OwnClasses(chosen, removed, taught, known, shared, students, enrollments)


def list_teachers(pg: Connection, organization_id: int, clever_ids: Set[str]) -> set[str]:
    """Return those of the Clever ids whose account in the organization is that of a teacher or an admin."""
    link = identity_links.c
    is_own = sa.and_(link.organization_id == organization_id, link.unlinked_at.is_(None))
    query = (
        sa.select(link.clever_id)
        .join_from(identity_links, accounts, accounts.c.id == link.account_id)
        .where(is_own, link.clever_id.in_(clever_ids), accounts.c.role != "student")
    )
    return set(pg.execute(query).scalars())


def list_accounts_elsewhere(pg: Connection, organization_id: int, clever_ids: Set[str]) -> dict[int, str]:
    """Return the accounts that a district has under one of the Clever ids, each with its Clever id."""
    link = identity_links.c
    is_elsewhere = sa.and_(link.organization_id != organization_id, link.unlinked_at.is_(None))
    query = sa.select(link.account_id, link.clever_id).where(is_elsewhere, link.clever_id.in_(clever_ids))
    return {row.account_id: row.clever_id for row in pg.execute(query)}


def _list_awaited(pg: Connection, account_id: int, known: Set[str]) -> set[str]:
    """Return the known sections that another teacher chose and could not update yet."""
    is_updated = sa.exists().where(
        syncs.c.account_id == choices.account_id,
        syncs.c.trigger == "library",
        syncs.c.state.in_(("published", "held", "undone")),
        syncs.c.started_at >= choices.chosen_at,
    )
    query = sa.select(choices.section_id).where(
        choices.account_id != account_id, choices.removed_at.is_(None), choices.section_id.in_(known), ~is_updated
    )
    return set(pg.execute(query).scalars())


def _list_taught(pg: Connection, organization_id: int, which: sa.ColumnElement[bool]) -> set[str]:
    """Return the sections with a live teacher that meets a condition."""
    query = (
        sa.select(rosters.c.clever_id)
        .join_from(roster_teachers, rosters, rosters.c.id == teaching.roster_id)
        .where(rosters.c.organization_id == organization_id, rosters.c.source == "clever")
        .where(teaching.ended_at.is_(None), which)
    )
    return set(pg.execute(query).scalars())


def _list_students(
    pg: Connection, organization_id: int, in_known: sa.ColumnElement[bool]
) -> tuple[set[str], set[tuple[str, str]]]:
    """Return the students of the known classes, and their live enrollments in all classes."""
    of_roster = rosters.c.id == learning.roster_id
    is_own = sa.and_(rosters.c.organization_id == organization_id, rosters.c.source == "clever")
    learners = sa.select(learning.account_id).join_from(roster_students, rosters, of_roster).where(is_own, in_known)
    is_linked = sa.and_(
        identity_links.c.organization_id == organization_id,
        identity_links.c.unlinked_at.is_(None),
        identity_links.c.account_id.in_(learners),
    )
    is_member = sa.exists().where(
        org_memberships.c.account_id == identity_links.c.account_id,
        org_memberships.c.organization_id == organization_id,
        org_memberships.c.ended_at.is_(None),
        org_memberships.c.role == "student",
    )
    students = sa.select(identity_links.c.clever_id).where(is_linked, is_member)
    enrollments = (
        sa.select(identity_links.c.clever_id, rosters.c.clever_id)
        .join_from(identity_links, roster_students, learning.account_id == identity_links.c.account_id)
        .join(rosters, of_roster)
        .where(is_linked, is_own, rosters.c.archived_at.is_(None), learning.ended_at.is_(None))
    )
    return set(pg.execute(students).scalars()), {(student, section) for student, section in pg.execute(enrollments)}
