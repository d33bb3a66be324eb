"""Finds the subject of an erasure, or refuses it while Clever still shares the data (docs/rules.md R6.6)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import ForgetRefused
from roster_pipeline.messages import operator
from roster_pipeline.privacy import account_uses as uses
from roster_pipeline.privacy.subject import Subject, build_subject, is_account
from roster_pipeline.privacy.tables import TABLE_ERASURES
from roster_pipeline.product.tables import (
    accounts,
    identity_links,
    org_memberships,
    organizations,
    pending_members,
    reviews,
    rosters,
    web_identities,
)

IS_CONNECTED = organizations.c.state != "disconnected"


def find_person(pg: Connection, person: str) -> Subject | None:
    """Return the subject of one person, or None if PostgreSQL holds nothing about the person.

    Args:
        person: the Clever id of the person, or the number of an account.

    Raises:
        ForgetRefused: Clever still shares the person, or the product uses the account without Clever.
    """
    account_ids = _find_accounts(pg, person)
    clever_ids = [person] if not is_account(person) else _find_own_clever_ids(pg, account_ids)
    if _is_shared(pg, clever_ids):
        raise ForgetRefused(
            operator.text(
                "Clever still shares this person, so the next sync would bring the data back. Nothing was changed. "
                "Unshare in Clever first, sync, and approve a hold if there is one."
            )
        )
    used = _find_used_accounts(pg, account_ids, clever_ids)
    if is_account(person):
        _refuse_account_in_use(pg, person, account_ids, used)
    else:
        _refuse_login_in_use(pg, clever_ids)
        is_linked = identity_links.c.clever_id.in_(clever_ids)
        other_uses = (uses.select_wrongly_linked(is_linked), uses.select_own_users(), uses.select_class_makers())
        used |= uses.read_accounts(pg, account_ids, *other_uses)
    if not account_ids and not _is_mentioned(pg, clever_ids):
        return None
    return build_subject(pg, "person", set(account_ids) - used, kept=used, clever_ids=clever_ids)


def find_held_person(pg: Connection, person: str) -> Subject | None:
    """Return the subject of one person, whether Clever shares the person or not, or None if nothing is held."""
    account_ids = _find_accounts(pg, person)
    clever_ids = [person] if not is_account(person) else _find_own_clever_ids(pg, account_ids)
    if not account_ids and not _is_mentioned(pg, clever_ids):
        return None
    is_linked = identity_links.c.clever_id.in_(clever_ids)
    mistakes = () if is_account(person) else (uses.select_wrongly_linked(is_linked),)
    others = uses.read_accounts(pg, account_ids, uses.select_accounts_of_others(clever_ids), *mistakes)
    return build_subject(pg, "person", set(account_ids) - others, kept=others, clever_ids=clever_ids)


def find_district(pg: Connection, district_id: str) -> Subject | None:
    """Return the subject of one district, or None if there is no such organization.

    Raises:
        ForgetRefused: the district is connected, or it is Clever Library.
    """
    organization = pg.execute(
        sa.select(organizations).where(organizations.c.clever_district_id == district_id)
    ).one_or_none()
    if organization is None:
        return None
    if organization.tier == "library":
        raise ForgetRefused(
            operator.text("Clever Library is no district. Nothing was changed. Forget its people one by one: --person.")
        )
    if organization.state != "disconnected":
        raise ForgetRefused(
            operator.text(
                "District {district_id} is connected, so the next sync would bring the data back. Nothing was changed. "
                "First run: roster-pipeline disconnect {district_id}",
                district_id=district_id,
            )
        )
    own = sa.select(sa.literal(organization.id))
    of_links = sa.select(identity_links.c.account_id).where(identity_links.c.organization_id == organization.id)
    members = sa.select(org_memberships.c.account_id).where(org_memberships.c.organization_id == organization.id)
    account_ids = set(pg.execute(sa.union(of_links, members)).scalars())
    used = uses.read_accounts(
        pg,
        account_ids,
        uses.select_used_elsewhere(own, is_past_use=True),
        uses.select_wrongly_linked(identity_links.c.organization_id == organization.id),
        uses.select_own_users(),
    )
    subject = build_subject(pg, "district", account_ids - used, kept=used)
    people = sa.select(identity_links.c.clever_id).where(identity_links.c.organization_id == organization.id)
    return Subject(
        "district",
        subject.accounts,
        subject.kept_accounts,
        tuple(sorted({*subject.clever_ids, *pg.execute(people).scalars()})),
        subject.emails,
        subject.rosters,
        (organization.id,),
        (district_id,),
    )


def find_expired(pg: Connection, before: datetime, limit: int | None) -> Subject | None:
    """Return the subject of some people who left before a time, or None if nobody is left.

    A person has left when every organization membership has ended. No list says that a person of Clever Library has
    left, so the last use counts there. The people who left first come first. An account with another use does not
    expire.

    Args:
        limit: the most people, or None for all of them.
    """
    member = org_memberships
    left_at = sa.func.max(member.c.ended_at)
    is_live = sa.and_(member.c.ended_at.is_(None), ~uses.is_idle_in_library(member, before))
    used = sa.union(
        uses.select_recent_logins(before),
        uses.select_own_users(),
        uses.select_class_makers(),
        uses.select_reviewed(),
    )
    query = (
        sa.select(member.c.account_id)
        .join(accounts, accounts.c.id == member.c.account_id)
        .where(accounts.c.imported_from_clever, member.c.account_id.not_in(used))
        .group_by(member.c.account_id)
        .having(sa.func.coalesce(left_at < before, sa.true()), sa.func.count().filter(is_live) == 0)
        .order_by(left_at, member.c.account_id)
        .limit(limit)
    )
    account_ids = list(pg.execute(query).scalars())
    return build_subject(pg, "expired", account_ids) if account_ids else None


def _find_used_accounts(pg: Connection, account_ids: list[int], clever_ids: list[str]) -> set[int]:
    """Return the accounts that are members elsewhere or by the product, or that another person of Clever has now."""
    own = sa.select(identity_links.c.organization_id).where(identity_links.c.clever_id.in_(clever_ids))
    return uses.read_accounts(
        pg,
        account_ids,
        uses.select_used_elsewhere(own),
        uses.select_native_members(),
        uses.select_accounts_of_others(clever_ids),
    )


def _refuse_account_in_use(pg: Connection, account: str, account_ids: list[int], used: set[int]) -> None:
    """Refuse to forget an account that was named by its number and has another use."""
    if used:
        _refuse_member(account)
    if uses.read_accounts(pg, account_ids, uses.select_class_makers()):
        raise ForgetRefused(
            operator.text(
                "Account {account} teaches a class of its own that has students. Nothing was changed. Archive the "
                "class first.",
                account=account,
            )
        )


def _refuse_login_in_use(pg: Connection, clever_ids: list[str]) -> None:
    """Refuse to forget a person whom only logins know, while the account is a member of a connected organization."""
    login, link, member = web_identities.c, identity_links.c, org_memberships.c
    query = (
        sa.select(member.account_id)
        .join(organizations, organizations.c.id == member.organization_id)
        .join(web_identities, login.account_id == member.account_id)
        .where(
            login.provider == "clever",
            login.subject.in_(clever_ids),
            login.unlinked_at.is_(None),
            member.ended_at.is_(None),
            ~sa.exists().where(link.clever_id == login.subject),
            IS_CONNECTED,
        )
    )
    account = pg.execute(query.limit(1)).scalar()
    if account is not None:
        _refuse_member(str(account))


def _refuse_member(account: str) -> NoReturn:
    raise ForgetRefused(
        operator.text(
            "Account {account} is a member of an organization. Nothing was changed. End its memberships first.",
            account=account,
        )
    )


def _find_accounts(pg: Connection, person: str) -> list[int]:
    """Return the accounts that the person is or was linked to, or logs in to."""
    if is_account(person):
        query: sa.Select[Any] = sa.select(accounts.c.id).where(accounts.c.id == int(person))
    else:
        linked = sa.select(identity_links.c.account_id).where(identity_links.c.clever_id == person)
        query = sa.select(sa.union(linked, _select_logins([person])).subquery().c.account_id)
    return sorted(set(pg.execute(query).scalars()))


def _select_logins(clever_ids: Collection[str]) -> sa.Select[tuple[int]]:
    """Select the accounts that a login with Clever opens or opened, though no sync linked the person."""
    login = web_identities.c
    return sa.select(login.account_id).where(login.provider == "clever", login.subject.in_(clever_ids))


def _find_own_clever_ids(pg: Connection, account_ids: list[int]) -> list[str]:
    is_live = sa.and_(identity_links.c.account_id.in_(account_ids), identity_links.c.unlinked_at.is_(None))
    return list(pg.execute(sa.select(identity_links.c.clever_id).where(is_live)).scalars())


def _is_shared(pg: Connection, clever_ids: list[str]) -> bool:
    """Return whether a connected organization has a live membership of a person, or awaits the person.

    A person is awaited by a class that lists the person, or by an open review if no sync ever linked the person.
    """
    link, member = identity_links, org_memberships
    is_member = (
        sa.select(sa.literal(1))
        .select_from(link)
        .join(
            member,
            sa.and_(member.c.account_id == link.c.account_id, member.c.organization_id == link.c.organization_id),
        )
        .join(organizations, organizations.c.id == link.c.organization_id)
        .where(
            link.c.clever_id.in_(clever_ids),
            link.c.unlinked_at.is_(None),
            member.c.ended_at.is_(None),
            member.c.source == "clever",
            IS_CONNECTED,
            # Nothing of a Library teacher is read without a login of the teacher.
            sa.or_(organizations.c.tier != "library", member.c.role == "student"),
        )
    )
    is_pending = (
        sa.select(sa.literal(1))
        .select_from(pending_members)
        .join(rosters, rosters.c.id == pending_members.c.roster_id)
        .join(organizations, organizations.c.id == rosters.c.organization_id)
        .where(pending_members.c.clever_id.in_(clever_ids), rosters.c.archived_at.is_(None), IS_CONNECTED)
    )
    is_under_review = (
        sa.select(sa.literal(1))
        .select_from(reviews)
        .join(organizations, organizations.c.id == reviews.c.organization_id)
        .where(
            reviews.c.clever_id.in_(clever_ids),
            reviews.c.state == "open",
            ~sa.exists().where(link.c.clever_id == reviews.c.clever_id),
            IS_CONNECTED,
        )
    )
    return pg.execute(sa.union_all(is_member, is_pending, is_under_review).limit(1)).first() is not None


def _is_mentioned(pg: Connection, clever_ids: list[str]) -> bool:
    """Return whether any row names the person, who never had an account."""
    person = Subject("person", clever_ids=tuple(clever_ids))
    rows = (sa.select(sa.literal(1)).select_from(each.table).where(each.is_named(person)) for each in TABLE_ERASURES)
    return any(pg.execute(row.limit(1)).first() is not None for row in rows)
