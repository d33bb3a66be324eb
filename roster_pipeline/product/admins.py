"""Makes and removes the admins of a district. A sync never makes one (docs/rules.md R1.4).

An admin is a live membership with `is_admin`. Its scope is the whole organization, or the schools in `admin_schools`.
Each change has a row in `web_audit`. The caller commits the transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from roster_pipeline.errors import AdminRefused
from roster_pipeline.messages import operator
from roster_pipeline.product.admin_accounts import (
    BLANKS,
    check_account,
    check_decider,
    check_email,
    find_or_make_account,
    find_schools,
)
from roster_pipeline.product.organizations import Organization, find_organization
from roster_pipeline.product.tables import (
    accounts,
    admin_schools,
    org_memberships,
    schools,
    web_audit,
    web_sessions,
)

ACT = "manage_admins"
LOCK = "select pg_advisory_xact_lock(hashtextextended(:key, 0))"


@dataclass(frozen=True)
class AdminRights:
    """What an account may administer in one district.

    Attributes:
        scope: `organization` or `schools`, or None if the account is no admin.
        schools: Clever's ids of the schools, for scope `schools`.
    """

    scope: str | None = None
    schools: tuple[str, ...] = ()


@dataclass(frozen=True)
class AdminChange:
    """The rights of an account before and after a change.

    Attributes:
        is_new_account: whether the change made the account.
    """

    account_id: int
    before: AdminRights
    after: AdminRights
    is_new_account: bool = False

    @property
    def is_change(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Admin:
    """One live admin of a district."""

    account_id: int
    email: str | None
    rights: AdminRights


def add_admin(
    pg: Connection, district_id: str, email: str, school_ids: Sequence[str], *, by: str, at: datetime
) -> AdminChange:
    """Make the account with an email an admin. Make the account if there is none.

    The schools are added to those that the admin has. The scope of an admin is never narrowed.

    Args:
        school_ids: Clever's ids of schools. Without any the scope is the whole organization.
        by: the name of the operator.

    Raises:
        DistrictUnknown: the district was never connected.
        AdminRefused: the account or a school cannot have these rights, or the name of the operator is unusable.
    """
    check_decider(by)
    organization = find_organization(pg, district_id)
    change = grant_rights(pg, organization, email, school_ids, by=by, at=at)
    _record(pg, organization.id, change, by=by, at=at)
    return change


def grant_rights(
    pg: Connection, organization: Organization, email: str, school_ids: Sequence[str], *, by: str, at: datetime
) -> AdminChange:
    """Do what `add_admin` does, without a row of the audit trail.

    Args:
        by: who makes the admin, such as `account:12`.

    Raises:
        AdminRefused: the account or a school cannot have these rights.
    """
    lock_admins(pg, organization.id)
    wanted = find_schools(pg, organization, school_ids)
    account_id, is_new = find_or_make_account(pg, check_email(email))
    check_account(pg, organization, account_id)
    before = read_rights(pg, organization.id, account_id)
    scope = "schools" if wanted and before.scope != "organization" else "organization"
    if before.scope != scope:
        _grant(pg, organization, account_id, scope)
    if before.scope != "schools" or scope != "schools":
        _end_schools(pg, organization.id, account_id, at)
    if scope == "schools":
        _add_schools(pg, organization.id, account_id, wanted, by=by, at=at)
    return AdminChange(account_id, before, read_rights(pg, organization.id, account_id), is_new)


def remove_admin(pg: Connection, district_id: str, email: str, *, by: str, at: datetime) -> AdminChange:
    """Take the rights of an admin back, and end all web sessions of the account.

    Raises:
        DistrictUnknown: the district was never connected.
        AdminRefused: nobody with this email is an admin, or the district would have no district admin any more.
    """
    check_decider(by)
    organization = find_organization(pg, district_id)
    lock_admins(pg, organization.id)
    account_id = pg.execute(sa.select(accounts.c.id).where(accounts.c.email == email.strip(BLANKS))).scalar()
    before = AdminRights() if account_id is None else read_rights(pg, organization.id, account_id)
    if account_id is None or before.scope is None:
        raise AdminRefused(
            operator.text(
                "No admin of district {district_id} has this email. "
                "See roster-pipeline admins list --district {district_id}.",
                district_id=district_id,
            )
        )
    if is_last_district_admin(pg, organization.id, account_id):
        raise AdminRefused(
            operator.text(
                "Account {account} is the last admin of the whole district {district_id}, so it stays. Make the new "
                "admin first: roster-pipeline admins add.",
                account=account_id,
                district_id=district_id,
            )
        )
    end_rights(pg, organization.id, account_id, at)
    change = AdminChange(account_id, before, AdminRights())
    _record(pg, organization.id, change, by=by, at=at)
    return change


def is_last_district_admin(pg: Connection, organization_id: int, account_id: int) -> bool:
    """Return whether the district would have no admin of the whole district without this account."""
    is_whole = org_memberships.c.admin_scope == "organization"
    query = (
        sa.select(org_memberships.c.account_id)
        .join_from(org_memberships, accounts, accounts.c.id == org_memberships.c.account_id)
        .where(_is_live_admin(organization_id), is_whole)
    )
    return list(pg.execute(query.limit(2)).scalars()) == [account_id]


def end_rights(pg: Connection, organization_id: int, account_id: int, at: datetime) -> None:
    """Take the rights of an admin back, and end all web sessions of the account."""
    own = _membership(organization_id, account_id)
    pg.execute(org_memberships.update().where(own).values(is_admin=False, admin_scope="organization"))
    _end_schools(pg, organization_id, account_id, at)
    is_live = sa.and_(web_sessions.c.account_id == account_id, web_sessions.c.ended_at.is_(None))
    pg.execute(web_sessions.update().where(is_live).values(ended_at=at))


def list_admins(pg: Connection, organization_id: int) -> list[Admin]:
    """Return the live admins of an organization, those of the whole district first."""
    rows = pg.execute(
        sa.select(accounts.c.id, accounts.c.email)
        .join_from(org_memberships, accounts, accounts.c.id == org_memberships.c.account_id)
        .where(_is_live_admin(organization_id))
        .order_by(org_memberships.c.admin_scope, accounts.c.id)
    ).all()
    return [Admin(row.id, row.email, read_rights(pg, organization_id, row.id)) for row in rows]


def read_rights(pg: Connection, organization_id: int, account_id: int) -> AdminRights:
    """Return the rights that an account has in an organization now."""
    is_admin = sa.and_(
        _membership(organization_id, account_id), org_memberships.c.is_admin, org_memberships.c.ended_at.is_(None)
    )
    scope = pg.execute(sa.select(org_memberships.c.admin_scope).where(is_admin)).scalar()
    if scope != "schools":
        return AdminRights(scope)
    own = pg.execute(
        sa.select(schools.c.clever_id)
        .join_from(admin_schools, schools, schools.c.id == admin_schools.c.school_id)
        .where(_live_schools(organization_id, account_id))
        .order_by(schools.c.clever_id)
    ).scalars()
    return AdminRights(scope, tuple(own))


def lock_admins(pg: Connection, organization_id: int) -> None:
    """Let one transaction at a time change the admins of an organization, so that two removals leave an admin."""
    pg.execute(sa.text(LOCK), {"key": f"roster:admins:{organization_id}"})


def _grant(pg: Connection, organization: Organization, account_id: int, scope: str) -> None:
    """Write the rights into the membership. A membership that is new or had ended has the role `admin`."""
    rights = {"is_admin": True, "admin_scope": scope}
    own = _membership(organization.id, account_id)
    ended = sa.and_(own, org_memberships.c.ended_at.is_not(None))
    if pg.execute(org_memberships.update().where(own, org_memberships.c.ended_at.is_(None)).values(rights)).rowcount:
        return
    if pg.execute(org_memberships.update().where(ended).values(**rights, role="admin", ended_at=None)).rowcount:
        return
    key = {"organization_id": organization.id, "account_id": account_id}
    pg.execute(org_memberships.insert().values(**key, **rights, role="admin"))


def _add_schools(
    pg: Connection, organization_id: int, account_id: int, wanted: Sequence[int], *, by: str, at: datetime
) -> None:
    """Make live rows of `admin_schools`. A row that is live already keeps its maker."""
    key = {"organization_id": organization_id, "account_id": account_id}
    row = insert(admin_schools).values([{**key, "school_id": each, "made_by": by, "made_at": at} for each in wanted])
    pg.execute(
        row.on_conflict_do_update(
            index_elements=["account_id", "school_id"],
            set_={**{name: row.excluded[name] for name in ("organization_id", "made_by", "made_at")}, "ended_at": None},
            where=admin_schools.c.ended_at.is_not(None),
        )
    )


def _end_schools(pg: Connection, organization_id: int, account_id: int, at: datetime) -> None:
    pg.execute(admin_schools.update().where(_live_schools(organization_id, account_id)).values(ended_at=at))


def _membership(organization_id: int, account_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(org_memberships.c.organization_id == organization_id, org_memberships.c.account_id == account_id)


def _is_live_admin(organization_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        org_memberships.c.organization_id == organization_id,
        org_memberships.c.is_admin,
        org_memberships.c.ended_at.is_(None),
        accounts.c.archived_at.is_(None),
    )


def _live_schools(organization_id: int, account_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        admin_schools.c.organization_id == organization_id,
        admin_schools.c.account_id == account_id,
        admin_schools.c.ended_at.is_(None),
    )


def _record(pg: Connection, organization_id: int, change: AdminChange, *, by: str, at: datetime) -> None:
    """Write the audit row of a change. It holds ids only."""
    if not change.is_change:
        return
    states: dict[str, Any] = {"before": asdict(change.before), "after": asdict(change.after)}
    pg.execute(
        web_audit.insert().values(
            at=at,
            organization_id=organization_id,
            acting=f"operator {by}",
            act=ACT,
            target_kind="account",
            target_id=str(change.account_id),
            **states,
        )
    )
