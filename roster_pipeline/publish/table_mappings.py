"""Where the rows of each entity go in the product, and how Clever ids become ids of the product."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement, FromClause, Text
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.model.entities import INSERT
from roster_pipeline.product import tables
from roster_pipeline.publish.statements import next_id
from roster_pipeline.publish.target import AT, CHANGED, NO_TIME, Target

SYNC_ID = sa.bindparam("sync_id", type_=BigInteger)
ORGANIZATION_ID = sa.bindparam("organization_id", type_=BigInteger)
NO_TEXT = sa.cast(sa.null(), Text)


def _copy(entity: str, *columns: str) -> dict[str, ColumnElement[Any]]:
    return {column: CHANGED[entity].c[column] for column in columns}


def _joined(entity: str, *, person: bool = False, school: bool = False, roster: bool = False) -> FromClause:
    """Return the changes of an entity, joined with the links, schools and rosters that its Clever ids name."""
    changed = CHANGED[entity]
    source: FromClause = changed
    if roster:
        source = source.join(ROSTER, ROSTER.c.clever_id == changed.c.section_id)
    if person:
        is_live = sa.and_(PERSON.c.clever_id == changed.c.clever_id, PERSON.c.unlinked_at.is_(None))
        source = source.outerjoin(PERSON, is_live)
    if school:
        source = source.outerjoin(SCHOOL, SCHOOL.c.clever_id == changed.c.school_id)
    return source


def _of_term_and_course(rosters: FromClause) -> FromClause:
    """Return the changes of rosters, joined with the terms and courses of the organization that they name.

    Another organization may have the same Clever ids of terms and courses.
    """
    changed = CHANGED["rosters"]
    is_term = sa.and_(TERM.c.organization_id == ORGANIZATION_ID, TERM.c.clever_id == changed.c.term_id)
    is_course = sa.and_(COURSE.c.organization_id == ORGANIZATION_ID, COURSE.c.clever_id == changed.c.course_id)
    return rosters.outerjoin(TERM, is_term).outerjoin(COURSE, is_course)


def _account(entity: str) -> dict[str, ColumnElement[Any]]:
    return {"account_id": sa.func.coalesce(CHANGED[entity].c.account_id, PERSON.c.account_id)}


PERSON = tables.identity_links.alias("person")
SCHOOL = tables.schools.alias("school")
TERM = tables.terms.alias("term")
COURSE = tables.courses.alias("course")
ROSTER = tables.rosters.alias("roster")
NEW_ACCOUNT = CHANGED["accounts"].alias("new_account")
OPEN_REVIEW = tables.reviews.alias("open_review")
ORGANIZATION: dict[str, ColumnElement[Any]] = {"organization_id": ORGANIZATION_ID}
FROM_CLEVER: dict[str, ColumnElement[Any]] = {"source": sa.literal("clever")}
"""A membership that a sync restores belongs to Clever, so that it ends when the person leaves."""
LINKS, REVIEWS = CHANGED["identity_links"], CHANGED["reviews"]

_TARGETS = (
    Target(
        "schools",
        key=("clever_id",),
        source=_joined("schools"),
        content=_copy("schools", "name", "sis_id", "nces_id", "low_grade", "high_grade"),
        once={"clever_id": CHANGED["schools"].c.school_id, **ORGANIZATION},
        ended="archived_at",
    ),
    Target(
        "terms",
        key=("organization_id", "clever_id"),
        source=_joined("terms"),
        content=_copy("terms", "name", "start_date", "end_date"),
        once={**ORGANIZATION, "clever_id": CHANGED["terms"].c.term_id},
        ended="archived_at",
    ),
    Target(
        "courses",
        key=("organization_id", "clever_id"),
        source=_joined("courses"),
        content=_copy("courses", "number", "name"),
        once={**ORGANIZATION, "clever_id": CHANGED["courses"].c.course_id},
        ended="archived_at",
    ),
    Target(
        "accounts",
        key=("id",),
        source=_joined("accounts"),
        content=_copy(
            "accounts", "role", "first_name", "last_name", "email", "clever_email", "imported_from_clever", "grade"
        ),
        once={"id": CHANGED["accounts"].c.account_id},
        ended="archived_at",
        closing={"email": NO_TEXT},
        released={"email": sa.null()},
        unique="email",
    ),
    Target(
        "identity_links",
        key=("id",),
        source=LINKS.outerjoin(
            NEW_ACCOUNT, sa.and_(NEW_ACCOUNT.c.clever_id == LINKS.c.clever_id, NEW_ACCOUNT.c.op == INSERT)
        ),
        once={
            "id": next_id(tables.identity_links),
            **ORGANIZATION,
            "clever_id": LINKS.c.clever_id,
            "account_id": sa.func.coalesce(LINKS.c.account_id, NEW_ACCOUNT.c.account_id),
            "rule": LINKS.c.rule,
            "evidence": sa.cast(LINKS.c.evidence, JSONB),
            "sync_id": SYNC_ID,
            "decided_by": sa.literal("sync"),
            "linked_at": AT,
        },
        content={"unlinked_sync_id": sa.cast(sa.null(), BigInteger)},
        ended="unlinked_at",
        closing={"unlinked_sync_id": SYNC_ID},
        released={"unlinked_at": sa.func.coalesce(tables.identity_links.c.unlinked_at, sa.func.now())},
    ),
    Target(
        "org_memberships",
        key=("organization_id", "account_id"),
        source=_joined("org_memberships", person=True),
        content=_copy("org_memberships", "role") | FROM_CLEVER,
        once={**ORGANIZATION, **_account("org_memberships"), "verified_at": NO_TIME},
        ended="ended_at",
    ),
    Target(
        "school_memberships",
        key=("school_id", "account_id"),
        source=_joined("school_memberships", person=True, school=True),
        content=_copy("school_memberships", "role", "is_primary") | FROM_CLEVER,
        once={"school_id": SCHOOL.c.id, **_account("school_memberships")},
        ended="ended_at",
    ),
    Target(
        "rosters",
        key=("clever_id",),
        source=_of_term_and_course(_joined("rosters", school=True)),
        content={
            **ORGANIZATION,
            "school_id": SCHOOL.c.id,
            **_copy("rosters", "name", "subject", "grade", "period", "term_name"),
            "term_id": TERM.c.id,
            "course_id": COURSE.c.id,
        },
        once={"clever_id": CHANGED["rosters"].c.section_id, **FROM_CLEVER},
        ended="archived_at",
    ),
    Target(
        "roster_teachers",
        key=("roster_id", "account_id"),
        source=_joined("roster_teachers", roster=True, person=True),
        content=_copy("roster_teachers", "is_primary"),
        once={"roster_id": ROSTER.c.id, **_account("roster_teachers")},
        ended="ended_at",
    ),
    Target(
        "roster_students",
        key=("roster_id", "account_id"),
        source=_joined("roster_students", roster=True, person=True),
        once={"roster_id": ROSTER.c.id, **_account("roster_students")},
        ended="ended_at",
    ),
    Target(
        "pending_members",
        key=("roster_id", "clever_id", "role"),
        source=_joined("pending_members", roster=True),
        once={"roster_id": ROSTER.c.id, **_copy("pending_members", "clever_id", "role")},
    ),
    Target(
        "reviews",
        key=("id",),
        source=REVIEWS.outerjoin(
            OPEN_REVIEW,
            sa.and_(
                REVIEWS.c.op != INSERT,
                OPEN_REVIEW.c.state == "open",
                OPEN_REVIEW.c.organization_id == ORGANIZATION_ID,
                OPEN_REVIEW.c.clever_id == REVIEWS.c.clever_id,
                OPEN_REVIEW.c.reason == REVIEWS.c.reason,
            ),
        ),
        content={"state": sa.literal("open"), "decision": NO_TEXT, "decided_by": NO_TEXT},
        # A review ends by itself once its contradiction is gone.
        closing={
            "state": sa.literal("resolved"),
            "decision": sa.literal("settled"),
            "decided_by": sa.literal("sync"),
        },
        released={"state": sa.literal("resolved")},
        once={
            "id": sa.func.coalesce(OPEN_REVIEW.c.id, next_id(tables.reviews)),
            **ORGANIZATION,
            **_copy("reviews", "clever_id", "reason", "account_id"),
            "evidence": sa.cast(REVIEWS.c.evidence, JSONB),
            "clever_says": sa.cast(REVIEWS.c.clever_says, JSONB),
        },
        ended="decided_at",
        is_born_ended=True,
    ),
)
TARGETS = {target.name: target for target in _TARGETS}
"""The targets in dependency order."""
