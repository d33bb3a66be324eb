"""Asks who is who where a district has other Clever ids than Clever Library had (docs/rules.md R3.13).

A teacher of the district with exactly the email of a Library teacher shows which classes may be the same. Nobody is
merged, and nothing ends. An operator decides the reviews of the teacher and of each student.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement, Connection, FromClause

from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.tables import (
    accounts,
    identity_links,
    organizations,
    reviews,
    roster_students,
    roster_teachers,
    rosters,
)
from roster_pipeline.publish.new_review import select_new_review
from roster_pipeline.publish.statements import CreateTemporaryTable
from roster_pipeline.publish.writer import write_rows
from roster_pipeline.syncs.correction_records import begin_correction, finish_correction

REASON = "library_student"
TEACHERS = sa.table("library_teachers", sa.column("old_id", BigInteger), sa.column("new_id", BigInteger))
STUDENTS = sa.table("library_students", sa.column("clever_id"), sa.column("account_id", BigInteger))


def review_library_students(pg: Connection, organization_id: int, at: datetime) -> int | None:
    """Open the reviews of students of teachers whom a district may have under other Clever ids.

    A review is about a student of the district who has the first name and the initial of exactly one Library student in
    the class of the same name. A pair that has a decision gets no second review. Call after each publication.

    Args:
        pg: a transaction, which is committed together with the reviews.

    Returns:
        The sync that records this, or None if there was nothing to write.
    """
    library = pg.execute(sa.select(organizations.c.id).where(organizations.c.tier == "library")).scalar()
    if library is None:
        return None
    teachers = _select_teachers(library, organization_id)
    if not pg.execute(sa.select(sa.exists(teachers))).scalar():
        return None
    pg.execute(CreateTemporaryTable(TEACHERS.name, teachers))
    pg.execute(CreateTemporaryTable(STUDENTS.name, _select_students(library, organization_id)))
    if not pg.execute(sa.select(sa.exists(sa.select(STUDENTS.c.account_id)))).scalar():
        return None
    sync_id = begin_correction(pg, organization_id, "resolve", at)
    write_as_sync(pg, organization_id)
    counts = write_rows(pg, {"reviews": [_open_reviews(organization_id)]}, sync_id, as_owner=True)
    record = {"decision": "library", "from_organizations": [library], "changes": counts}
    finish_correction(pg, sync_id, record, at)
    return sync_id


def _select_teachers(library: int, organization_id: int) -> sa.Select[Any]:
    """Select the account of each Library teacher, with that of the teacher of the district who has the same email."""
    old, new = accounts.alias("old"), accounts.alias("new")
    old_link, new_link = identity_links.alias("old_link"), identity_links.alias("new_link")
    return (
        sa.select(old.c.id.label("old_id"), new.c.id.label("new_id"))
        .join_from(old, old_link, _is_live_link(old_link, old, library))
        .join(new, sa.and_(new.c.clever_email == old.c.email, new.c.id != old.c.id, new.c.role == "teacher"))
        .join(new_link, _is_live_link(new_link, new, organization_id))
        .where(old.c.role == "teacher")
    )


def _is_live_link(link: FromClause, account: FromClause, organization_id: int) -> ColumnElement[bool]:
    is_own = sa.and_(link.c.account_id == account.c.id, link.c.organization_id == organization_id)
    return sa.and_(is_own, link.c.unlinked_at.is_(None))


def _select_students(library: int, organization_id: int) -> sa.Select[Any]:
    """Select the Clever id of each student of the district with the account of the Library student in question."""
    old, new = _select_members(library, "old_id"), _select_members(organization_id, "new_id")
    is_same = sa.and_(
        new.c.old_id == old.c.old_id,
        new.c.class_name == old.c.class_name,
        new.c.first_name == old.c.first_name,
        new.c.initial == old.c.initial,
    )
    count = sa.func.count()
    pairs = (
        sa.select(
            new.c.clever_id,
            old.c.account_id,
            count.over(partition_by=new.c.clever_id).label("candidates"),
            count.over(partition_by=old.c.account_id).label("claims"),
        )
        .join_from(new, old, is_same)
        .distinct()
        .subquery("pairs")
    )
    known = sa.exists().where(
        reviews.c.clever_id == pairs.c.clever_id,
        reviews.c.reason == REASON,
        sa.or_(reviews.c.account_id == pairs.c.account_id, reviews.c.state == "open"),
    )
    is_clear = sa.and_(pairs.c.candidates == 1, pairs.c.claims == 1)
    return sa.select(pairs.c.clever_id, pairs.c.account_id).where(is_clear, ~known)


def _select_members(organization_id: int, side: str) -> sa.Subquery:
    """Select the students in the classes of these teachers in one organization, with their names as they compare.

    Args:
        side: the column of `TEACHERS` with the account that the teacher has there.
    """
    first, last = (sa.func.lower(sa.func.btrim(accounts.c[name])) for name in ("first_name", "last_name"))
    return (
        sa.select(
            TEACHERS.c.old_id,
            rosters.c.name.label("class_name"),
            identity_links.c.clever_id,
            accounts.c.id.label("account_id"),
            first.label("first_name"),
            sa.func.left(last, 1).label("initial"),
        )
        .join_from(TEACHERS, roster_teachers, roster_teachers.c.account_id == TEACHERS.c[side])
        .join(rosters, rosters.c.id == roster_teachers.c.roster_id)
        .join(roster_students, roster_students.c.roster_id == rosters.c.id)
        .join(accounts, accounts.c.id == roster_students.c.account_id)
        .join(identity_links, _is_live_link(identity_links, accounts, organization_id))
        .where(rosters.c.organization_id == organization_id, rosters.c.archived_at.is_(None))
        .where(roster_teachers.c.ended_at.is_(None), roster_students.c.ended_at.is_(None), first != "", last != "")
        .subquery(side)
    )


def _open_reviews(organization_id: int) -> sa.Select[Any]:
    evidence = {"rule": "created", "first_name_agrees": True, "suggestion": "relink"}
    return select_new_review(
        organization_id,
        clever_id=STUDENTS.c.clever_id,
        reason=REASON,
        account_id=STUDENTS.c.account_id,
        evidence=evidence,
    )
