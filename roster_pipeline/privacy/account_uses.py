"""Finds the accounts that an erasure keeps, because something else than the erased data uses them.

Each `select_` function builds the query of the accounts that have one kind of use.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from roster_pipeline.product.tables import (
    identity_links,
    library_classes,
    org_memberships,
    organizations,
    reviews,
    roster_students,
    roster_teachers,
    rosters,
    syncs,
    web_identities,
    web_sessions,
)

MADE_FOR_PERSON = ("created", "create", "different")
"""The rules of the links whose account was made for the person of Clever."""


Accounts = sa.Select[tuple[int]]


def read_accounts(pg: Connection, account_ids: Collection[int], *uses: sa.Select[Any]) -> set[int]:
    """Return those of some accounts that have one of the uses."""
    used = sa.union(*uses).subquery()
    (account_id,) = used.c
    return set(pg.execute(sa.select(account_id).where(account_id.in_(account_ids))).scalars())


def select_used_elsewhere(own: Accounts, *, is_past_use: bool = False) -> sa.Select[Any]:
    """Select the accounts with a link or a membership in another organization than those of `own`.

    Args:
        own: the ids of organizations.
        is_past_use: whether a row that has ended counts while its organization is connected. A person who returns there
            gets the same account (docs/rules.md R3.10).
    """
    places = (
        sa.select(table.c.account_id)
        .join(organizations, organizations.c.id == table.c.organization_id)
        .where(
            sa.or_(
                table.c[ended].is_(None),
                sa.and_(sa.literal(is_past_use), organizations.c.state != "disconnected"),
            ),
            table.c.organization_id.not_in(own),
        )
        for table, ended in ((org_memberships, "ended_at"), (identity_links, "unlinked_at"))
    )
    return sa.select(sa.union(*places).subquery().c.account_id)


def select_native_members() -> Accounts:
    """Select the accounts that the product made members of an organization itself."""
    member = org_memberships.c
    return sa.select(member.account_id).where(member.ended_at.is_(None), member.source == "native")


def select_accounts_of_others(clever_ids: Collection[str]) -> Accounts:
    """Select the accounts that another person of Clever has now."""
    link = identity_links.c
    return sa.select(link.account_id).where(link.unlinked_at.is_(None), link.clever_id.not_in(clever_ids))


def select_wrongly_linked(is_own: ColumnElement[bool]) -> Accounts:
    """Select the accounts whose links have all ended and that no link made. Each link was a mistake, or was undone.

    Args:
        is_own: the condition of the links that count.
    """
    link = identity_links.c
    is_wrong = sa.and_(
        sa.func.bool_and(link.unlinked_at.is_not(None)), ~sa.func.bool_or(link.rule.in_(MADE_FOR_PERSON))
    )
    return sa.select(link.account_id).where(is_own).group_by(link.account_id).having(is_wrong)


def select_own_users() -> Accounts:
    """Select the accounts that a person opened without Clever and still logs in to with Google."""
    link, login = identity_links.c, web_identities.c
    is_made = sa.exists().where(link.account_id == login.account_id, link.rule.in_(MADE_FOR_PERSON))
    return sa.select(login.account_id).where(login.provider == "google", login.unlinked_at.is_(None), ~is_made)


def select_class_makers() -> Accounts:
    """Select the accounts that teach a class made here, which has students and is not archived."""
    teaching, student = roster_teachers.c, roster_students.c
    has_students = sa.exists().where(student.roster_id == rosters.c.id, student.ended_at.is_(None))
    is_in_use = sa.and_(rosters.c.source == "native", rosters.c.archived_at.is_(None), has_students)
    joined = roster_teachers.join(rosters, rosters.c.id == teaching.roster_id)
    return sa.select(teaching.account_id).select_from(joined).where(teaching.ended_at.is_(None), is_in_use)


def select_recent_logins(since: datetime) -> sa.Select[Any]:
    """Select the accounts that somebody has logged in to since a time."""
    session, login = web_sessions.c, web_identities.c
    seen = sa.select(session.account_id).where(session.account_id.is_not(None), session.seen_at >= since)
    linked = sa.select(login.account_id).where(login.unlinked_at.is_(None), login.linked_at >= since)
    return sa.select(sa.union(seen, linked).subquery().c.account_id)


def select_reviewed() -> sa.Select[Any]:
    """Select the accounts about which an open review asks for another person, who is a member of its organization."""
    review, link, member = reviews.c, identity_links.c, org_memberships.c
    is_member = sa.exists().where(
        link.clever_id == review.clever_id,
        link.unlinked_at.is_(None),
        link.account_id != review.account_id,
        member.account_id == link.account_id,
        member.organization_id == link.organization_id,
        member.ended_at.is_(None),
    )
    return sa.select(review.account_id).where(review.state == "open", review.account_id.is_not(None), is_member)


def is_idle_in_library(member: sa.Table, before: datetime) -> ColumnElement[bool]:
    """Return whether a membership is one of Clever Library that nobody has used since a time.

    A teacher uses it by a choice of classes and by updates, a student by a class that a teacher still has. Logins count
    everywhere (`select_recent_logins`).
    """
    account, link = member.c.account_id, identity_links.c
    uses = (
        sa.exists().where(link.account_id == account, link.linked_at >= before),
        sa.exists().where(library_classes.c.account_id == account, library_classes.c.chosen_at >= before),
        sa.exists().where(syncs.c.account_id == account, syncs.c.finished_at >= before),
        sa.exists().where(
            roster_students.c.account_id == account,
            roster_students.c.ended_at.is_(None),
            rosters.c.id == roster_students.c.roster_id,
            rosters.c.archived_at.is_(None),
        ),
    )
    library = sa.select(organizations.c.id).where(organizations.c.tier == "library")
    return sa.and_(member.c.organization_id.in_(library), ~sa.or_(*uses))
