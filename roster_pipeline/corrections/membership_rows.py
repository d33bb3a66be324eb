"""The rows that a decision writes about memberships, enrollments and pending members, as queries for the writer."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement, FromClause

from roster_pipeline.corrections.decision import Decision, Rows, select_rows
from roster_pipeline.model.entities import END, INSERT, RESTORE
from roster_pipeline.product.tables import org_memberships, pending_members, rosters, schools
from roster_pipeline.publish.table_mappings import NO_TIME, TARGETS
from roster_pipeline.publish.writer import DELETE

FROM_CLEVER, ALL_SOURCES = ("clever",), ("clever", "native")
MEMBERSHIPS = ("org_memberships", "school_memberships", "roster_teachers", "roster_students")


def move_memberships(decision: Decision, account_id: int, *, is_closing: bool) -> Rows:
    """Move every live membership of the person's account in the organization that comes from Clever to an account.

    Args:
        is_closing: the person's account closes, because both accounts are the same person. Then native memberships and
            a verification move too. Otherwise the other account is not verified yet.
    """
    moved: Rows = {}
    for entity in MEMBERSHIPS:
        target = TARGETS[entity]
        row, there = target.table.alias("row"), target.table.alias("there")
        container = next(column for column in target.key if column != "account_id")
        is_leaving = sa.and_(
            row.c.account_id == decision.own,
            row.c.ended_at.is_(None),
            _is_in_organization(entity, row, decision, ALL_SOURCES if is_closing else FROM_CLEVER),
        )
        values: dict[str, ColumnElement[Any]] = {"account_id": sa.literal(account_id, BigInteger)}
        if entity == "org_memberships" and not is_closing:
            values["verified_at"] = NO_TIME
        is_same_place = sa.and_(there.c[container] == row.c[container], there.c.account_id == account_id)
        joined = select_rows(decision, entity, _op_for(there), row, row.outerjoin(there, is_same_place), values)
        moved[entity] = [
            select_rows(decision, entity, END, row).where(is_leaving),
            joined.where(is_leaving, _is_free(there)),
        ]
    return moved


def leave_other_organizations(decision: Decision) -> Rows:
    """End every live membership of the account of the review in other organizations (docs/rules.md R2.29).

    The account stays in native rosters (docs/rules.md R4.8).
    """
    rows: Rows = {}
    for entity in MEMBERSHIPS:
        row = TARGETS[entity].table.alias("row")
        is_elsewhere = _is_in_organization(entity, row, decision, FROM_CLEVER, is_other=True)
        ended = select_rows(decision, entity, END, row)
        rows[entity] = [ended.where(row.c.account_id == decision.about, row.c.ended_at.is_(None), is_elsewhere)]
    return rows


def release_pending(decision: Decision, account_id: int) -> Rows:
    """Enroll an account in the rosters in which the person is pending, if the district shares the person."""
    row, roster, membership = pending_members.alias("row"), rosters.alias("roster"), org_memberships.alias("member")
    is_shared = sa.exists().where(
        membership.c.organization_id == decision.organization_id,
        membership.c.ended_at.is_(None),
        membership.c.account_id.in_((decision.own, account_id)),
    )
    is_own_roster = sa.and_(roster.c.id == row.c.roster_id, roster.c.organization_id == decision.organization_id)
    pending = row.join(roster, sa.and_(is_own_roster, is_shared))
    is_person = row.c.clever_id == decision.clever_id
    released = {"pending_members": [select_rows(decision, "pending_members", DELETE, row, pending).where(is_person)]}
    for role in ("teacher", "student"):
        entity = f"roster_{role}s"
        members = TARGETS[entity].table
        there, own = members.alias("there"), members.alias("own")
        source = pending.outerjoin(
            there, sa.and_(there.c.roster_id == row.c.roster_id, there.c.account_id == account_id)
        )
        is_enrolled = sa.exists().where(
            own.c.roster_id == row.c.roster_id, own.c.account_id == decision.own, own.c.ended_at.is_(None)
        )
        values: dict[str, ColumnElement[Any]] = {
            "roster_id": row.c.roster_id,
            "account_id": sa.literal(account_id, BigInteger),
            "ended_at": NO_TIME,
        }
        if role == "teacher":
            values["is_primary"] = sa.func.coalesce(there.c.is_primary, sa.false())
        joined = select_rows(decision, entity, _op_for(there), row, source, values)
        released[entity] = [joined.where(is_person, row.c.role == role, ~is_enrolled)]
    return released


def _op_for(there: FromClause) -> ColumnElement[str]:
    """Return `insert` where the place has no row yet, and `restore` where it has one that ended."""
    return sa.case((there.c.account_id.is_(None), INSERT), else_=RESTORE)


def _is_free(there: FromClause) -> ColumnElement[bool]:
    return sa.or_(there.c.account_id.is_(None), there.c.ended_at.is_not(None))


def _is_in_organization(
    entity: str, row: FromClause, decision: Decision, sources: tuple[str, ...], *, is_other: bool = False
) -> ColumnElement[bool]:
    """Return whether a membership is in the organization of the decision and of one of the sources.

    Args:
        is_other: whether it is in another organization instead. Then the source of a membership does not matter.
    """

    def is_here(column: ColumnElement[int]) -> ColumnElement[bool]:
        own = decision.organization_id
        return column != own if is_other else column == own

    if entity == "org_memberships":
        has_source = sa.true() if is_other else row.c.source.in_(sources)
        return sa.and_(is_here(row.c.organization_id), has_source, ~row.c.is_admin)
    if entity == "school_memberships":
        has_source = sa.true() if is_other else row.c.source.in_(sources)
        return sa.and_(
            has_source, row.c.school_id.in_(sa.select(schools.c.id).where(is_here(schools.c.organization_id)))
        )
    own_rosters = sa.select(rosters.c.id).where(is_here(rosters.c.organization_id), rosters.c.source.in_(sources))
    return row.c.roster_id.in_(own_rosters)
