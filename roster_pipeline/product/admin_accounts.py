"""Finds the account and the schools of a future admin, and refuses those that cannot be (docs/rules.md R1.4)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from roster_pipeline.errors import AdminRefused
from roster_pipeline.messages import operator
from roster_pipeline.model.decisions import DECIDER_MAX_CHARS, is_decider_name
from roster_pipeline.model.resources import EMAIL_MAX_CHARS
from roster_pipeline.product.organizations import Organization
from roster_pipeline.product.tables import accounts, identity_links, org_memberships, organizations, schools

BLANKS = " \t\r\n"
"""What is trimmed from an email (docs/rules.md R2.4)."""


def check_decider(name: str) -> None:
    """Check the name of the operator, which the audit trail keeps.

    Raises:
        AdminRefused: the name is empty, too long or not printable.
    """
    if not is_decider_name(name):
        raise AdminRefused(
            operator.text(
                "The name of the person who decides must have 1 to {n} printable characters and must not be sync.",
                n=DECIDER_MAX_CHARS,
            )
        )


def check_email(email: str) -> str:
    """Return an email without the blanks around it.

    Raises:
        AdminRefused: the text is no email.
    """
    trimmed = email.strip(BLANKS)
    local, _, domain = trimmed.rpartition("@")
    if not (local and domain and trimmed.isprintable()) or " " in trimmed or len(trimmed) > EMAIL_MAX_CHARS:
        raise AdminRefused(
            operator.text("This is no email address. Give the email that the person has in Clever or in Google.")
        )
    return trimmed


def find_schools(pg: Connection, organization: Organization, school_ids: Sequence[str]) -> list[int]:
    """Return the ids of live schools of a district by Clever's ids, each once.

    Raises:
        AdminRefused: the district has no such school.
    """
    own = sa.and_(schools.c.organization_id == organization.id, schools.c.archived_at.is_(None))
    query = sa.select(schools.c.clever_id, schools.c.id).where(own, schools.c.clever_id.in_(school_ids))
    by_clever_id = {row.clever_id: row.id for row in pg.execute(query)}
    for number, school_id in enumerate(school_ids, start=1):
        if school_id not in by_clever_id:
            raise AdminRefused(
                operator.text(
                    "District {district_id} has no school with the Clever ID that is given as --school number "
                    "{number}. Schools are known after the first sync. Nothing was changed.",
                    district_id=organization.district_id,
                    number=number,
                )
            )
    return [by_clever_id[school_id] for school_id in dict.fromkeys(school_ids)]


def find_or_make_account(pg: Connection, email: str) -> tuple[int, bool]:
    """Return the account of an email, and whether it was made now."""
    row = insert(accounts).values(email=email, role="admin").on_conflict_do_nothing(index_elements=["email"])
    made = pg.execute(row.returning(accounts.c.id)).scalar()
    if made is not None:
        return made, True
    return pg.execute(sa.select(accounts.c.id).where(accounts.c.email == email)).scalar_one(), False


def check_account(pg: Connection, organization: Organization, account_id: int) -> None:
    """Check that an account may be an admin of this district.

    Raises:
        AdminRefused: the account is archived, a student's, or a person's of another district in Clever, or Clever does
            not share the person any more.
    """
    account = pg.execute(sa.select(accounts.c.role, accounts.c.archived_at).where(accounts.c.id == account_id)).one()
    own = sa.and_(org_memberships.c.organization_id == organization.id, org_memberships.c.account_id == account_id)
    membership = pg.execute(sa.select(org_memberships).where(own)).one_or_none()
    is_student_here = membership is not None and membership.role == "student" and membership.ended_at is None
    reason = None
    if account.archived_at is not None:
        reason = operator.text("Account {account} is archived. Give the email of a live account.", account=account_id)
    elif account.role == "student" or is_student_here:
        reason = operator.text(
            "Account {account} is a student's. A student is never an admin. Give the email of an adult.",
            account=account_id,
        )
    elif _is_linked_elsewhere(pg, organization.id, account_id):
        reason = operator.text(
            "Account {account} belongs to a person of another district in Clever. Give an email that the person has "
            "in this district.",
            account=account_id,
        )
    elif membership is not None and membership.source == "clever" and membership.ended_at is not None:
        reason = operator.text(
            "Clever does not share the person of account {account} with this app any more. Share the person in Clever "
            "and sync, or give another email.",
            account=account_id,
        )
    if reason:
        raise AdminRefused(reason)


def _is_linked_elsewhere(pg: Connection, organization_id: int, account_id: int) -> bool:
    """Return whether a live link of another district owns the account. The Library organization is no district."""
    query = (
        sa.select(sa.literal(1))
        .join_from(identity_links, organizations, organizations.c.id == identity_links.c.organization_id)
        .where(
            identity_links.c.account_id == account_id,
            identity_links.c.unlinked_at.is_(None),
            organizations.c.id != organization_id,
            organizations.c.tier != "library",
        )
    )
    return pg.execute(query).first() is not None
