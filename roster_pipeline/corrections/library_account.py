"""Makes the account of a person who logs in through Clever Library (docs/rules.md R3.14).

A login makes the account at once, because nobody else updates the teacher's classes. The account is written like a
correction: one transaction, with a journal. A teacher whose email another account has gets an account without an email,
and a review asks whether both are the same person. Nobody is merged by an email, because Clever verifies none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement, Connection, Text
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.corrections.decision import RowQueries
from roster_pipeline.corrections.email_holder import EmailHolder, find_email_holder, find_reason, is_usable_email
from roster_pipeline.model.entities import INSERT, RESTORE, UPDATE
from roster_pipeline.product.database import lock_keys, write_as_sync
from roster_pipeline.product.tables import accounts, identity_links, org_memberships, syncs
from roster_pipeline.publish.new_review import select_new_review
from roster_pipeline.publish.statements import next_id
from roster_pipeline.publish.table_mappings import NO_TEXT, TARGETS
from roster_pipeline.publish.target import NO_TIME
from roster_pipeline.publish.writer import write_rows
from roster_pipeline.syncs.correction_records import begin_correction, finish_correction

DECIDER = "login"
"""Who decided about the account: the login of the person."""


@dataclass(frozen=True)
class LibraryPerson:
    """A person as Clever describes the one who logs in. The email of a student is not used."""

    clever_id: str
    role: Literal["teacher", "student"]
    first_name: str | None
    last_name: str | None
    email: str | None


def make_library_account(pg: Connection, organization_id: int, person: LibraryPerson, at: datetime) -> int:
    """Make the account of a person, or restore the membership of the account that the person has. Return the account.

    Two logins of one person at the same time make one account.
    """
    _lock_login(pg, person.clever_id)
    links = identity_links.c
    is_linked = sa.and_(links.clever_id == person.clever_id, links.unlinked_at.is_(None))
    account_id = pg.execute(sa.select(links.account_id).where(is_linked)).scalar()
    if account_id is not None and _is_member(pg, organization_id, account_id):
        return int(account_id)
    sync_id = begin_correction(pg, organization_id, "resolve", at)
    write_as_sync(pg, organization_id)
    rows: RowQueries = {}
    if account_id is None:
        closed_id = _find_closed_account(pg, organization_id, person.clever_id)
        account_id = closed_id or int(pg.execute(sa.select(next_id(accounts))).scalar_one())
        rows = _account_rows(pg, organization_id, account_id, person, sync_id, at, is_new=closed_id is None)
    rows["org_memberships"] = [_membership(pg, organization_id, int(account_id), person.role)]
    counts = write_rows(pg, rows, sync_id)
    finish_correction(pg, sync_id, {"decision": "login", "changes": counts}, at)
    # The account did not exist when the record began. Only the person sees the record.
    pg.execute(syncs.update().where(syncs.c.id == sync_id).values(account_id=account_id))
    return int(account_id)


def change_role(pg: Connection, organization_id: int, person: LibraryPerson, at: datetime) -> bool:
    """Give the account of a person of Clever Library the role that Clever says now. Return whether it changed.

    Nothing else changes: the classes, the work and the email of the account stay. An admin keeps the role admin.
    """
    _lock_login(pg, person.clever_id)
    link, account = identity_links.c, accounts.c
    is_linked = sa.and_(link.clever_id == person.clever_id, link.unlinked_at.is_(None))
    query = sa.select(account.id).join_from(accounts, identity_links, link.account_id == account.id)
    is_open = sa.and_(account.role.in_(("student", "teacher")), account.archived_at.is_(None))
    is_other = sa.and_(is_open, account.role != person.role)
    account_id = pg.execute(query.where(is_linked, link.organization_id == organization_id, is_other)).scalar()
    if account_id is None:
        return False
    sync_id = begin_correction(pg, organization_id, "resolve", at)
    write_as_sync(pg, organization_id)
    role = {"role": sa.literal(person.role)}
    updated = _select("accounts", {**account, **role}, UPDATE).where(account.id == account_id)
    member = org_memberships.c
    membership = _select("org_memberships", {**member, **role}, UPDATE).where(
        member.organization_id == organization_id, member.account_id == account_id
    )
    counts = write_rows(pg, {"accounts": [updated], "org_memberships": [membership]}, sync_id)
    finish_correction(pg, sync_id, {"decision": "login", "changes": counts}, at)
    pg.execute(syncs.update().where(syncs.c.id == sync_id).values(account_id=account_id))
    return True


def _lock_login(pg: Connection, clever_id: str) -> None:
    """Wait for other logins of the person, and keep later ones waiting until the transaction ends."""
    lock_keys(pg, [f"roster:login:{clever_id}"])


def _find_closed_account(pg: Connection, organization_id: int, clever_id: str) -> int | None:
    """Return the account that an undo closed and that its person gets back, as in `current/candidate_accounts.sql`."""
    link, live = identity_links.alias("link"), identity_links.alias("live")
    is_taken = sa.exists().where(live.c.account_id == link.c.account_id, live.c.unlinked_at.is_(None))
    query = (
        sa.select(link.c.account_id)
        .join(syncs, sa.and_(syncs.c.id == link.c.unlinked_sync_id, syncs.c.mode == "undo"))
        .where(link.c.organization_id == organization_id, link.c.clever_id == clever_id, link.c.rule == "created")
        .where(~is_taken)
        .order_by(link.c.id.desc())
        .limit(1)
    )
    account_id: int | None = pg.execute(query).scalar()
    return account_id


def _is_member(pg: Connection, organization_id: int, account_id: int) -> bool:
    live = _select_membership(organization_id, account_id).where(org_memberships.c.ended_at.is_(None))
    return pg.execute(live).first() is not None


def _select_membership(organization_id: int, account_id: int) -> sa.Select[Any]:
    member = org_memberships.c
    return sa.select(member.account_id).where(
        member.organization_id == organization_id, member.account_id == account_id
    )


def _account_rows(
    pg: Connection,
    organization_id: int,
    account_id: int,
    person: LibraryPerson,
    sync_id: int,
    at: datetime,
    *,
    is_new: bool,
) -> RowQueries:
    """Return the rows of an account, of its identity link, and of the review if another account has the email.

    Args:
        is_new: whether the account is made. Otherwise it is opened again.
    """
    email = person.email if person.role == "teacher" and is_usable_email(person.email) else None
    holder = find_email_holder(pg, organization_id, email) if email else None
    holder = None if holder and holder.account_id == account_id else holder
    account: Mapping[str, ColumnElement[Any]] = {
        "id": sa.literal(account_id, BigInteger),
        "role": sa.literal(person.role),
        "first_name": sa.literal(person.first_name, Text),
        "last_name": sa.literal(person.last_name, Text),
        "email": sa.literal(None if holder else email, Text),
        "clever_email": sa.literal(email, Text),
        "imported_from_clever": sa.true(),
        "grade": NO_TEXT,
        "archived_at": NO_TIME,
    }
    link: Mapping[str, ColumnElement[Any]] = {
        "id": next_id(identity_links),
        "organization_id": sa.literal(organization_id, BigInteger),
        "clever_id": sa.literal(person.clever_id),
        "account_id": sa.literal(account_id, BigInteger),
        "rule": sa.literal("created"),
        "evidence": sa.literal({}, JSONB),
        "sync_id": sa.literal(sync_id, BigInteger),
        "decided_by": sa.literal(DECIDER),
        "linked_at": sa.literal(at, sa.DateTime(timezone=True)),
        "unlinked_sync_id": sa.cast(sa.null(), BigInteger),
        "unlinked_at": NO_TIME,
    }
    op = INSERT if is_new else RESTORE
    rows = {"accounts": [_select("accounts", account, op)], "identity_links": [_select("identity_links", link)]}
    if holder:
        rows["reviews"] = [_review(organization_id, person, holder)]
    return rows


def _review(organization_id: int, person: LibraryPerson, holder: EmailHolder) -> sa.Select[Any]:
    """Return the review that asks whether the person owns the account that has the email."""
    evidence = {
        # Tenant isolation: no account id of another organization.
        "account_id": None if holder.is_elsewhere else holder.account_id,
        "first_name_agrees": holder.has_first_name(person.first_name),
        "last_name_agrees": holder.has_last_name(person.last_name),
        "suggestion": "create",
    }
    return select_new_review(
        organization_id,
        clever_id=person.clever_id,
        reason=find_reason(holder, person.first_name, person.last_name),
        account_id=holder.account_id,
        evidence=evidence,
    )


def _membership(pg: Connection, organization_id: int, account_id: int, role: str) -> sa.Select[Any]:
    is_known = pg.execute(_select_membership(organization_id, account_id)).first() is not None
    values: Mapping[str, ColumnElement[Any]] = {
        "organization_id": sa.literal(organization_id, BigInteger),
        "account_id": sa.literal(account_id, BigInteger),
        "role": sa.literal(role),
        "source": sa.literal("clever"),
        "verified_at": NO_TIME,
        "ended_at": NO_TIME,
    }
    return _select("org_memberships", values, RESTORE if is_known else INSERT)


def _select(entity: str, values: Mapping[str, ColumnElement[Any]], op: str = INSERT) -> sa.Select[Any]:
    columns = [values[name].label(name) for name in TARGETS[entity].columns]
    return sa.select(sa.literal(op).label("op"), *columns)
