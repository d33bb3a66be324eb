"""Finds the account that has the email of a Library teacher, and why the two are not joined.

The reasons are those of docs/rules.md R2.11 to R2.17.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.corrections.account_facts import select_other_organizations
from roster_pipeline.model.queries import define_macros
from roster_pipeline.model.text import fold_name
from roster_pipeline.product.tables import accounts, identity_links

OWN_REASONS = ("email_shared", "name_differs")
"""The reasons of a review which the teacher may decide alone, by a login to the other account."""


@dataclass(frozen=True)
class EmailHolder:
    """The account that has an email.

    Attributes:
        is_linked: a Clever id is linked to the account, in any organization.
        is_elsewhere: the account belongs to another organization.
    """

    account_id: int
    role: str
    first_name: str | None
    last_name: str | None
    is_archived: bool
    is_linked: bool
    is_elsewhere: bool

    def has_first_name(self, name: str | None) -> bool:
        """Return whether a person has the same first name. A missing name is not the same."""
        return _fold(self.first_name) == _fold(name) is not None

    def has_last_name(self, name: str | None) -> bool:
        """Return whether a person has the same last name. A missing name is not the same."""
        return _fold(self.last_name) == _fold(name) is not None


def is_usable_email(email: str | None) -> bool:
    """Return whether an account may get an email, by the rule of the syncs (docs/rules.md R2.6)."""
    with duckdb.connect(config={"threads": 1}) as con:
        define_macros(con)
        (is_valid,) = con.execute("select is_valid_email($1)", [email]).fetchall()[0]
    return bool(is_valid)


def find_email_holder(pg: Connection, organization_id: int, email: str) -> EmailHolder | None:
    """Return the account that has exactly this email, or None."""
    link = identity_links.c
    is_linked = sa.exists().where(link.account_id == accounts.c.id, link.unlinked_at.is_(None))
    is_elsewhere = sa.exists(select_other_organizations(accounts.c.id, organization_id))
    names = (accounts.c.id, accounts.c.role, accounts.c.first_name, accounts.c.last_name)
    query = sa.select(*names, accounts.c.archived_at.is_not(None), is_linked, is_elsewhere)
    row = pg.execute(query.where(accounts.c.email == email)).one_or_none()
    return EmailHolder(*row) if row else None


def find_reason(holder: EmailHolder, first_name: str | None, last_name: str | None) -> str:
    """Return the reason of the review about the account that has the email of a teacher."""
    if holder.is_elsewhere:
        return "admin_account" if holder.role == "admin" else "other_organization"
    if holder.is_linked:
        return "already_linked"
    if holder.is_archived:
        return "account_closed"
    if holder.role != "teacher":
        return "admin_account" if holder.role == "admin" else "role_differs"
    pairs = ((holder.first_name, first_name), (holder.last_name, last_name))
    # A missing name does not count as different (docs/rules.md R6.7).
    is_other_name = all(_fold(here) and _fold(there) and _fold(here) != _fold(there) for here, there in pairs)
    return "name_differs" if is_other_name else "email_shared"


def _fold(name: str | None) -> str | None:
    return fold_name(name or "") or None
