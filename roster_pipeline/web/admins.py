"""The admins of a district for the page: who they are, what they manage, and who made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.admins import ACT
from roster_pipeline.product.tables import (
    accounts,
    admin_schools,
    corrections,
    org_memberships,
    schools,
    web_audit,
)
from roster_pipeline.web.account_names import select_name

DECIDERS = sa.func.roster.deciding_admins().table_valued("id", "first_name", "last_name", "email")
MOST_DECIDERS = 3


@dataclass(frozen=True)
class AdminLine:
    """An admin as the screen shows one.

    Attributes:
        schools: the names of the schools, for scope `schools`.
        maker: the name of the admin who made this one, or None for our own team.
    """

    account_id: int
    name: str
    email: str | None
    scope: str
    schools: Sequence[str]
    maker: str | None
    made_at: datetime | None


def list_deciders(pg: Connection, *, shows_email: bool) -> list[str]:
    """Return the names of some admins of the whole district, who decide what waits.

    Args:
        shows_email: the email stands for a name that is missing. Otherwise an admin without a name is left out.
    """
    name = select_name(shows_email=shows_email, account=DECIDERS)
    return [each for each in pg.execute(sa.select(name).order_by(DECIDERS.c.id).limit(MOST_DECIDERS)).scalars() if each]


def list_admin_lines(pg: Connection, organization_id: int) -> list[AdminLine]:
    """Return the live admins of an organization, those of the whole district first."""
    name = sa.func.concat_ws(" ", accounts.c.first_name, accounts.c.last_name)
    is_admin = sa.and_(
        org_memberships.c.organization_id == organization_id,
        org_memberships.c.is_admin,
        org_memberships.c.ended_at.is_(None),
        accounts.c.archived_at.is_(None),
    )
    rows = pg.execute(
        sa.select(accounts.c.id, name, accounts.c.email, org_memberships.c.admin_scope)
        .join_from(org_memberships, accounts, accounts.c.id == org_memberships.c.account_id)
        .where(is_admin)
        .order_by(org_memberships.c.admin_scope, name, accounts.c.id)
    ).all()
    own, made = _read_schools(pg, organization_id), _read_makers(pg, organization_id)
    lines = []
    for account_id, full_name, email, scope in rows:
        maker, made_at = made.get(account_id, (None, None))
        lines.append(AdminLine(account_id, full_name, email, scope, own.get(account_id, []), maker, made_at))
    return lines


def list_schools(pg: Connection) -> list[sa.Row[tuple[int, str]]]:
    """Return the live schools of the organization, by name."""
    live = schools.c.archived_at.is_(None)
    return list(pg.execute(sa.select(schools.c.id, schools.c.name).where(live).order_by(schools.c.name, schools.c.id)))


def read_clever_ids(pg: Connection, school_ids: Sequence[int]) -> list[str]:
    """Return Clever's ids of schools."""
    chosen = sa.select(schools.c.clever_id).where(schools.c.id.in_(school_ids)).order_by(schools.c.id)
    return list(pg.execute(chosen).scalars())


def _read_schools(pg: Connection, organization_id: int) -> dict[int, list[str]]:
    live = sa.and_(admin_schools.c.organization_id == organization_id, admin_schools.c.ended_at.is_(None))
    rows = pg.execute(
        sa.select(admin_schools.c.account_id, schools.c.name)
        .join_from(admin_schools, schools, schools.c.id == admin_schools.c.school_id)
        .where(live)
        .order_by(schools.c.name)
    )
    names: dict[int, list[str]] = {}
    for row in rows:
        names.setdefault(row.account_id, []).append(row.name)
    return names


def _read_makers(pg: Connection, organization_id: int) -> dict[int, tuple[str | None, datetime]]:
    """Return who made each admin last and when. A maker without an account is an operator.

    The page writes its row before the worker makes the account, so that row names the decision.
    """
    maker = sa.func.nullif(select_name(shows_email=True), "")
    kind, target = web_audit.c.target_kind, web_audit.c.target_id
    is_decision = sa.and_(kind == "correction", sa.cast(corrections.c.id, sa.Text) == target)
    admin = sa.case((kind == "account", target), else_=corrections.c.result["account"].astext)
    made = sa.and_(
        web_audit.c.organization_id == organization_id,
        web_audit.c.act == ACT,
        web_audit.c.after["scope"].astext.is_not(None),
        admin.is_not(None),
    )
    rows = pg.execute(
        sa.select(admin, maker, web_audit.c.at)
        .select_from(
            web_audit.outerjoin(accounts, accounts.c.id == web_audit.c.account_id).outerjoin(corrections, is_decision)
        )
        .where(made)
        .order_by(web_audit.c.id)
    )
    return {int(row[0]): (row[1], row[2]) for row in rows}
