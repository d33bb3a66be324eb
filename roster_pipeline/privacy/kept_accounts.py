"""Takes from the accounts that stay what only the roster held (docs/privacy.md#forgetting).

An account stays because it has another use. The ended memberships and the journal of the districts that shared the
forgotten person go, and the account gets the names and the email back that it had before Clever wrote them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Text
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.privacy.subject import Subject
from roster_pipeline.product.tables import (
    accounts,
    changes,
    identity_links,
    org_memberships,
    roster_students,
    roster_teachers,
    rosters,
    school_memberships,
    schools,
    syncs,
)
from roster_pipeline.publish.statements import is_any

JOURNAL_ERASED = "journal_erased"
"""The mark in the evidence of a link whose journal was erased with that of another person."""
NAMES = ("first_name", "last_name")


@dataclass(frozen=True)
class KeptAccounts:
    """The accounts that stay, as they were before the erasure.

    Attributes:
        places: each account with an organization that shared the forgotten person.
        left: those of the places in which no other person of Clever has the account.
        own_values: the values that an account had before Clever wrote to it, if the journal has them.
    """

    accounts: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    left: tuple[tuple[int, int], ...]
    own_values: Mapping[int, Mapping[str, Any]]


def read_kept_accounts(pg: Connection, subject: Subject) -> KeptAccounts:
    """Return the accounts of a subject that stay. The caller has deleted nothing yet."""
    link, other = identity_links.c, identity_links.alias("other")
    has_other = sa.exists().where(
        other.c.account_id == link.account_id,
        other.c.organization_id == link.organization_id,
        other.c.clever_id.not_in(subject.clever_ids),
        other.c.unlinked_at.is_(None),
    )
    query = sa.select(link.account_id, link.organization_id, has_other).where(
        link.account_id.in_(subject.kept_accounts), link.clever_id.in_(subject.clever_ids)
    )
    rows = sorted({(account, organization, used) for account, organization, used in pg.execute(query)})
    places = tuple((account, organization) for account, organization, _ in rows)
    left = tuple((account, organization) for account, organization, used in rows if not used)
    return KeptAccounts(subject.kept_accounts, places, left, _read_own_values(pg, subject.kept_accounts))


def _read_own_values(pg: Connection, account_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the accounts as they were before Clever last took them over, as far as the journal has them."""
    imported = "imported_from_clever"
    query = (
        sa.select(changes.c.key["id"].astext, changes.c.before)
        .where(
            _is_of_accounts(account_ids),
            changes.c.before[imported].astext == "false",
            changes.c.after[imported].astext == "true",
        )
        .order_by(changes.c.sync_id, changes.c.seq)
    )
    return {int(number): before for number, before in pg.execute(query)}  # the last one counts


def clear_kept_accounts(pg: Connection, before: KeptAccounts) -> dict[str, int]:
    """Delete and clear what only the roster held. Return the number of rows of each table. The links are gone."""
    if not before.accounts:
        return {}
    counts = {"identity_links": _mark_links(pg, before)} if before.places else {}
    for account, organization in before.places:
        is_of_place = changes.c.sync_id.in_(sa.select(syncs.c.id).where(syncs.c.organization_id == organization))
        is_erased = _is_of_accounts([account])
        if (account, organization) in before.left:
            is_erased = sa.or_(is_erased, changes.c.key["account_id"].astext == str(account))
            for table, rows in _delete_memberships(pg, account, organization).items():
                counts[table] = counts.get(table, 0) + rows
        journal = pg.execute(changes.delete().where(is_of_place, is_erased)).rowcount
        counts["changes"] = counts.get("changes", 0) + journal
    return {**counts, "accounts": sum(_clear_account(pg, before, account) for account in before.accounts)}


def _mark_links(pg: Connection, before: KeptAccounts) -> int:
    """Mark the live links of other people whose journal goes, so that no decision relies on it."""
    link = identity_links.c
    mark = sa.cast(sa.literal({JOURNAL_ERASED: True}, JSONB), JSONB)
    is_marked = sa.tuple_(link.account_id, link.organization_id).in_(before.places)
    marked = identity_links.update().where(is_marked, link.unlinked_at.is_(None))
    return pg.execute(marked.values(evidence=link.evidence.op("||")(mark))).rowcount


def _delete_memberships(pg: Connection, account: int, organization: int) -> dict[str, int]:
    """Delete what a person was a member of in an organization and is no more. Rows that the product made stay."""
    of_schools = sa.select(schools.c.id).where(schools.c.organization_id == organization)
    of_rosters = sa.select(rosters.c.id).where(rosters.c.organization_id == organization, rosters.c.source == "clever")
    parts = {
        roster_teachers: roster_teachers.c.roster_id.in_(of_rosters),
        roster_students: roster_students.c.roster_id.in_(of_rosters),
        school_memberships: sa.and_(
            school_memberships.c.school_id.in_(of_schools), school_memberships.c.source == "clever"
        ),
        org_memberships: sa.and_(
            org_memberships.c.organization_id == organization, org_memberships.c.source == "clever"
        ),
    }
    return {
        table.name: pg.execute(
            table.delete().where(table.c.account_id == account, table.c.ended_at.is_not(None), is_own)
        ).rowcount
        for table, is_own in parts.items()
    }


def _clear_account(pg: Connection, before: KeptAccounts, account: int) -> int:
    """Clear what Clever wrote on an account, unless another person of Clever has the account."""
    values: dict[str, Any] = {"imported_from_clever": False, "clever_email": None, "grade": None}
    if (own := before.own_values.get(account)) is not None:
        other = accounts.alias("other")
        is_taken = sa.exists().where(other.c.email == own["email"], other.c.id != account)
        values |= {name: own[name] for name in NAMES} | {"email": sa.case((~is_taken, sa.literal(own["email"], Text)))}
    is_linked = sa.exists().where(identity_links.c.account_id == accounts.c.id, identity_links.c.unlinked_at.is_(None))
    cleared = accounts.update().where(accounts.c.id == account, ~is_linked, accounts.c.imported_from_clever)
    return pg.execute(cleared.values(values)).rowcount


def _is_of_accounts(account_ids: Collection[int]) -> ColumnElement[bool]:
    """Return whether a row of the journal is one of table `accounts` about some accounts."""
    is_about = is_any(changes.c.key["id"].astext, [str(account) for account in account_ids])
    return sa.and_(changes.c.entity == "accounts", is_about)
