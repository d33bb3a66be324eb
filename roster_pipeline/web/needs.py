"""What waits for an admin: the counts of *Needs you* on the Overview, each with the list that it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.messages import LocalCatalogue, Plural, product
from roster_pipeline.product.tables import (
    directory,
    holds,
    org_memberships,
    organizations,
    reviews,
    roster_students,
    roster_teachers,
    rosters,
)
from roster_pipeline.web.rights import ADMINS, DISTRICT_ADMIN, Role


@dataclass(frozen=True)
class Need:
    """A line of *Needs you*: its sentence, and the path of the list."""

    sentence: str
    path: str


@dataclass(frozen=True)
class NeedKind:
    """A kind of line: its words, the list it leads to, and the roles that read it."""

    words: Plural
    path: str
    roles: frozenset[Role] = ADMINS


KINDS = {
    "plans": NeedKind(
        product.plural("{n:,} plan waits for a decision", "{n:,} plans wait for a decision"), "/clever/holds"
    ),
    "reviews": NeedKind(
        product.plural("{n:,} account to review", "{n:,} accounts to review"), "/clever/reviews", DISTRICT_ADMIN
    ),
    "teachers": NeedKind(
        product.plural("{n:,} teacher to verify", "{n:,} teachers to verify"), "/clever/teachers?state=unverified"
    ),
    "near": NeedKind(
        product.plural("{n:,} email nearly matches an account", "{n:,} emails nearly match an account"),
        "/clever/fix",
        DISTRICT_ADMIN,
    ),
    "set_aside": NeedKind(
        product.plural("{n:,} record that Clever sends is broken", "{n:,} records that Clever sends are broken"),
        "/clever/fix",
        DISTRICT_ADMIN,
    ),
    "students": NeedKind(
        product.plural("{n:,} student is in no class", "{n:,} students are in no class"),
        "/clever/students?state=no_class",
    ),
    "without_teacher": NeedKind(
        product.plural("{n:,} class has no teacher", "{n:,} classes have no teacher"),
        "/clever/classes?state=no_teacher",
    ),
    "without_students": NeedKind(
        product.plural("{n:,} class has no students", "{n:,} classes have no students"),
        "/clever/classes?state=no_students",
    ),
}
"""The kinds of lines in their order, by the name of their count."""


def list_needs(
    pg: Connection, organization_id: int, role: Role, words: LocalCatalogue, teachers_path: str | None = None
) -> list[Need]:
    """Return the lines of *Needs you* that are not empty. The counts are those of what the transaction sees.

    For an admin of the whole district the numbers that take long to count are those that the worker of the page stored
    after the last sync (`counted_needs`).

    Args:
        teachers_path: where the teachers are, for an admin who has no list of teachers.
    """
    counts = _count_decisions(pg, organization_id)._asdict()
    stored = _read_stored(pg, organization_id) if role is Role.DISTRICT_ADMIN else {}
    counts |= stored or count_members(pg, organization_id)._asdict()
    return [
        Need(words.count(*kind.words, counts[name]), (teachers_path if name == "teachers" else None) or kind.path)
        for name, kind in KINDS.items()
        if counts.get(name) and role in kind.roles
    ]


def _read_stored(pg: Connection, organization_id: int) -> dict[str, int]:
    own = organizations.c.id == organization_id
    needs: dict[str, Any] = pg.execute(sa.select(organizations.c.needs).where(own)).scalar() or {}
    return dict(needs.get("counts") or {})


def _count(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(table).where(*conditions).scalar_subquery()


def _count_decisions(pg: Connection, organization_id: int) -> sa.Row[tuple[int, int, int]]:
    """Count the plans, the accounts and the teachers about whom an admin decides."""
    member = directory.c
    is_unverified = sa.exists().where(
        org_memberships.c.organization_id == member.organization_id,
        org_memberships.c.account_id == member.account_id,
        org_memberships.c.verified_at.is_(None),
    )
    is_teacher = sa.and_(member.organization_id == organization_id, member.role == "teacher")
    is_waiting = sa.and_(holds.c.organization_id == organization_id, holds.c.state == "open")
    is_open = sa.and_(reviews.c.organization_id == organization_id, reviews.c.state == "open")
    plans = sa.select(sa.func.count(holds.c.plan_digest.distinct())).where(is_waiting).scalar_subquery()
    return pg.execute(
        sa.select(
            plans.label("plans"),
            _count(reviews, is_open).label("reviews"),
            _count(directory, is_teacher, is_unverified).label("teachers"),
        )
    ).one()


def count_members(pg: Connection, organization_id: int) -> sa.Row[tuple[int, int, int]]:
    """Count the students without a class and the classes without members.

    Hidden classes, and those that a teacher made here, do not count as without a member.
    """
    member = directory.c
    is_student = sa.and_(member.organization_id == organization_id, member.role == "student")
    from_clever = sa.and_(
        rosters.c.organization_id == organization_id, rosters.c.archived_at.is_(None), rosters.c.source == "clever"
    )
    is_taught = sa.exists().where(roster_teachers.c.roster_id == rosters.c.id, roster_teachers.c.ended_at.is_(None))
    is_listed = sa.and_(from_clever, rosters.c.hidden_at.is_(None))
    has_students = sa.exists().where(roster_students.c.roster_id == rosters.c.id, roster_students.c.ended_at.is_(None))
    in_class = (
        sa.select(sa.literal(1))
        .select_from(roster_students.join(rosters))
        .where(roster_students.c.account_id == member.account_id, roster_students.c.ended_at.is_(None), from_clever)
        .exists()
    )
    return pg.execute(
        sa.select(
            _count(directory, is_student, ~in_class).label("students"),
            _count(rosters, is_listed, ~is_taught).label("without_teacher"),
            _count(rosters, is_listed, ~has_students).label("without_students"),
        )
    ).one()
