"""Builds the queries of a decision for memberships, enrollments and pending members.

Each function writes nothing. It returns queries by entity that select the new state of rows, for the writer.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement, FromClause, Text

from roster_pipeline.corrections.decision import Decision, RowQueries, select_rows
from roster_pipeline.model.entities import END, INSERT, RESTORE
from roster_pipeline.product.tables import (
    org_memberships,
    organizations,
    pending_members,
    roster_teachers,
    rosters,
    schools,
)
from roster_pipeline.publish.table_mappings import TARGETS
from roster_pipeline.publish.target import NO_TIME
from roster_pipeline.publish.writer import DELETE

LIBRARY_TERM = "From Clever Library"
"""The term of a class that was archived because the district has its teacher under another Clever id."""
FROM_CLEVER, ALL_SOURCES = ("clever",), ("clever", "native")
MEMBERSHIPS = ("org_memberships", "school_memberships", "roster_teachers", "roster_students")


def move_memberships(decision: Decision, account_id: int, *, is_closing: bool) -> RowQueries:
    """Move the live memberships and enrollments of the person's current account to another account.

    Only those of the decision's organization move. A membership that the other account already has is only ended.

    Args:
        account_id: the account that gets the memberships.
        is_closing: whether the current account closes, because both accounts belong to the same person. Then native
            memberships move too. A verification moves only if the other account never had a membership there.
            Otherwise only memberships from Clever move, unverified.
    """
    rows: RowQueries = {}
    for entity in MEMBERSHIPS:
        target = TARGETS[entity]
        row, there = target.table.alias("row"), target.table.alias("there")
        container = next(column for column in target.key if column != "account_id")
        is_leaving = sa.and_(
            row.c.account_id == decision.current_account,
            row.c.ended_at.is_(None),
            _is_in_organization(entity, row, decision, ALL_SOURCES if is_closing else FROM_CLEVER),
        )
        values: dict[str, ColumnElement[Any]] = {"account_id": sa.literal(account_id, BigInteger)}
        if entity == "org_memberships" and not is_closing:
            values["verified_at"] = NO_TIME
        is_same_place = sa.and_(there.c[container] == row.c[container], there.c.account_id == account_id)
        joined = select_rows(decision, entity, _op_for(there), row, row.outerjoin(there, is_same_place), values)
        rows[entity] = [
            select_rows(decision, entity, END, row).where(is_leaving),
            joined.where(is_leaving, _is_not_member(there)),
        ]
    return rows


def end_other_memberships(decision: Decision) -> RowQueries:
    """End the live memberships of the reviewed account in other organizations (docs/rules.md R2.29).

    The account stays in native rosters (docs/rules.md R4.8).
    """
    rows: RowQueries = {}
    for entity in MEMBERSHIPS:
        row = TARGETS[entity].table.alias("row")
        is_elsewhere = _is_in_organization(entity, row, decision, FROM_CLEVER, is_other=True)
        ended = select_rows(decision, entity, END, row)
        rows[entity] = [
            ended.where(row.c.account_id == decision.reviewed_account, row.c.ended_at.is_(None), is_elsewhere)
        ]
    return rows


def archive_library_classes(decision: Decision) -> RowQueries:
    """Archive the classes of Clever Library that only the reviewed account teaches (docs/rules.md R3.13)."""
    row, mine, other = rosters.alias("row"), roster_teachers.alias("mine"), roster_teachers.alias("other")
    library = sa.select(organizations.c.id).where(organizations.c.tier == "library")
    is_taught = sa.exists().where(
        mine.c.roster_id == row.c.id, mine.c.account_id == decision.reviewed_account, mine.c.ended_at.is_(None)
    )
    has_other = sa.exists().where(
        other.c.roster_id == row.c.id, other.c.account_id != decision.reviewed_account, other.c.ended_at.is_(None)
    )
    is_live = sa.and_(row.c.organization_id.in_(library), row.c.source == "clever", row.c.archived_at.is_(None))
    ended = select_rows(decision, "rosters", END, row, values={"term_name": sa.literal(LIBRARY_TERM, Text)})
    return {"rosters": [ended.where(is_live, is_taught, ~has_other)]}


def enroll_pending_member(decision: Decision, account_id: int) -> RowQueries:
    """Enroll an account in the rosters in which the person is a pending member, and delete the pending members.

    Both happen only if the person is a live member of the organization, so that the district shares the person.
    """
    row, roster, membership = pending_members.alias("row"), rosters.alias("roster"), org_memberships.alias("membership")
    is_shared = sa.exists().where(
        membership.c.organization_id == decision.organization_id,
        membership.c.ended_at.is_(None),
        membership.c.account_id.in_((decision.current_account, account_id)),
    )
    is_own_roster = sa.and_(roster.c.id == row.c.roster_id, roster.c.organization_id == decision.organization_id)
    pending = row.join(roster, sa.and_(is_own_roster, is_shared))
    is_person = row.c.clever_id == decision.clever_id
    queries = {"pending_members": [select_rows(decision, "pending_members", DELETE, row, pending).where(is_person)]}
    for role in ("teacher", "student"):
        entity = f"roster_{role}s"
        members = TARGETS[entity].table
        there, current = members.alias("there"), members.alias("current")
        source = pending.outerjoin(
            there, sa.and_(there.c.roster_id == row.c.roster_id, there.c.account_id == account_id)
        )
        is_enrolled = sa.exists().where(
            current.c.roster_id == row.c.roster_id,
            current.c.account_id == decision.current_account,
            current.c.ended_at.is_(None),
        )
        values: dict[str, ColumnElement[Any]] = {
            "roster_id": row.c.roster_id,
            "account_id": sa.literal(account_id, BigInteger),
            "ended_at": NO_TIME,
        }
        if role == "teacher":
            values["is_primary"] = sa.func.coalesce(there.c.is_primary, sa.false())
        joined = select_rows(decision, entity, _op_for(there), row, source, values)
        queries[entity] = [joined.where(is_person, row.c.role == role, ~is_enrolled)]
    return queries


def _op_for(there: FromClause) -> ColumnElement[str]:
    """Return the op that makes an account a member: `insert` without an earlier membership, `restore` with one.

    Args:
        there: the outer-joined membership of the account, live or ended.
    """
    return sa.case((there.c.account_id.is_(None), INSERT), else_=RESTORE)


def _is_not_member(there: FromClause) -> ColumnElement[bool]:
    """Return whether the account has no live membership there."""
    return sa.or_(there.c.account_id.is_(None), there.c.ended_at.is_not(None))


def _is_in_organization(
    entity: str, row: FromClause, decision: Decision, sources: tuple[str, ...], *, is_other: bool = False
) -> ColumnElement[bool]:
    """Return whether a membership or enrollment belongs to the wanted organization and has one of the sources.

    An organization membership with `is_admin` never does.

    Args:
        row: the membership or enrollment.
        is_other: whether any organization except that of the decision is wanted. Then only enrollments are restricted
            by their source.
    """

    def is_wanted(column: ColumnElement[int]) -> ColumnElement[bool]:
        organization_id = decision.organization_id
        return column != organization_id if is_other else column == organization_id

    if entity == "org_memberships":
        has_source = sa.true() if is_other else row.c.source.in_(sources)
        return sa.and_(is_wanted(row.c.organization_id), has_source, ~row.c.is_admin)
    if entity == "school_memberships":
        has_source = sa.true() if is_other else row.c.source.in_(sources)
        return sa.and_(
            has_source, row.c.school_id.in_(sa.select(schools.c.id).where(is_wanted(schools.c.organization_id)))
        )
    wanted_rosters = sa.select(rosters.c.id).where(is_wanted(rosters.c.organization_id), rosters.c.source.in_(sources))
    return row.c.roster_id.in_(wanted_rosters)
