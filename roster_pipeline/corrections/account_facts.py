"""Reads the facts about an account on which the refusals depend, and the other organizations that it belongs to."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.dialects.postgresql import ARRAY

from roster_pipeline.product.tables import (
    accounts,
    identity_links,
    org_memberships,
    organizations,
    roster_students,
    roster_teachers,
    rosters,
    school_memberships,
)


def read_account(pg: Connection, organization_id: int, account_id: int) -> sa.Row[Any]:
    """Read the facts about one account on which the refusals depend.

    Args:
        organization_id: the organization of the review.

    Returns:
        A row with these columns:
        `role`: the role of the account.
        `is_admin`: whether the account is an admin of any organization.
        `others`: the ids of the other organizations that the account belongs to.
        `is_elsewhere`: whether there are such organizations.
        `is_released`: whether all of them are disconnected (docs/rules.md R2.29) or Clever Library (R3.13).
        `linked_clever_id`: the Clever id that the account is linked to.
        `is_linked_here`: whether that link belongs to this organization.
        `is_shared`: whether the account has a live membership or enrollment from Clever.
    """
    is_account, link = accounts.c.id == account_id, identity_links.c
    is_live_link = sa.and_(link.account_id == account_id, link.unlinked_at.is_(None))
    others = select_other_organizations(account_id, organization_id)
    is_connected = sa.and_(
        organizations.c.id.in_(others), organizations.c.state != "disconnected", organizations.c.tier != "library"
    )
    is_admin = sa.exists().where(*_is_live(org_memberships, account_id), org_memberships.c.is_admin)
    query = sa.select(
        accounts.c.role,
        sa.or_(accounts.c.role == "admin", is_admin).label("is_admin"),
        sa.exists(others).label("is_elsewhere"),
        (~sa.exists().where(is_connected)).label("is_released"),
        sa.func.array(others.scalar_subquery(), type_=ARRAY(sa.BigInteger)).label("others"),
        sa.select(link.clever_id).where(is_live_link).scalar_subquery().label("linked_clever_id"),
        sa.exists().where(is_live_link, link.organization_id == organization_id).label("is_linked_here"),
        sa.or_(*_clever_memberships(account_id)).label("is_shared"),
    )
    return pg.execute(query.where(is_account)).one()


def select_other_organizations(account_id: int | ColumnElement[int], organization_id: int) -> sa.CompoundSelect[Any]:
    """Select the organizations that an account is linked in or is a member of, except one.

    `current/accounts.sql` applies the same rule to the accounts of a sync.
    """
    link, member = identity_links.alias("link"), org_memberships.alias("member")
    linked = sa.select(link.c.organization_id).where(
        link.c.account_id == account_id, link.c.unlinked_at.is_(None), link.c.organization_id != organization_id
    )
    joined = sa.select(member.c.organization_id).where(
        member.c.account_id == account_id, member.c.ended_at.is_(None), member.c.organization_id != organization_id
    )
    return sa.union(linked, joined)


def _clever_memberships(account_id: int) -> list[sa.ColumnElement[bool]]:
    """Return, table by table, whether an account has a live membership or enrollment from Clever."""
    memberships = [
        sa.exists().where(*_is_live(table, account_id), table.c.source == "clever")
        for table in (org_memberships, school_memberships)
    ]
    enrollments = [
        sa.exists().where(*_is_live(table, account_id), table.c.roster_id == rosters.c.id, rosters.c.source == "clever")
        for table in (roster_teachers, roster_students)
    ]
    return [*memberships, *enrollments]


def _is_live(table: sa.Table, account_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.account_id == account_id, table.c.ended_at.is_(None)
