"""Connected districts: which there are, their tier and state, and connecting one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from roster_pipeline.product.tables import organizations


@dataclass(frozen=True)
class Organization:
    """A connected district."""

    id: int
    district_id: str
    name: str
    tier: str
    state: str
    last_clever_sync_at: datetime | None
    last_published_at: datetime | None


@dataclass(frozen=True)
class Kept:
    """What a district had when its tier was set: the tier, and what lives of its roster; all of it stays."""

    tier: str
    schools: int
    members: int
    classes: int


KEPT = """
    select organization.tier,
        (select count(*) from roster.schools where organization_id = organization.id and archived_at is null),
        (select count(*) from roster.org_memberships where organization_id = organization.id and ended_at is null),
        (select count(*) from roster.rosters where organization_id = organization.id and archived_at is null)
    from roster.organizations as organization where clever_district_id = :district_id
"""


def connect_district(pg: Connection, district_id: str, *, name: str, tier: str) -> Kept | None:
    """Make a district an organization, or change its tier; returns what an existing one had.

    A pause stays, and so does everything else (rule book, *Organizations, tiers, memberships*).
    """
    had = pg.execute(sa.text(KEPT), {"district_id": district_id}).one_or_none()
    row = insert(organizations).values(clever_district_id=district_id, name=name, tier=tier)
    pg.execute(
        row.on_conflict_do_update(
            index_elements=["clever_district_id"],
            set_={
                "name": name,
                "tier": tier,
                "state": sa.case((organizations.c.state == "paused", "paused"), else_="active"),
            },
        )
    )
    return Kept(*had) if had else None


def all_organizations(pg: Connection) -> list[Organization]:
    """Every connected district, by name."""
    table = organizations.c
    rows = pg.execute(
        sa.select(
            table.id,
            table.clever_district_id,
            table.name,
            table.tier,
            table.state,
            table.last_clever_sync_at,
            table.last_published_at,
        ).order_by(table.name, table.id)
    )
    return [Organization(*row) for row in rows]


def connected_districts(pg: Connection) -> list[str]:
    """Clever ids of the districts that were not disconnected."""
    return [one.district_id for one in all_organizations(pg) if one.state != "disconnected"]


def nightly_organizations(pg: Connection) -> list[Organization]:
    """The districts whose roster is synced by itself (rule book, *tiers*)."""
    return [one for one in all_organizations(pg) if one.tier == "secure_sync" and one.state == "active"]
