"""Connected districts: which there are, their tier and state, how fresh they are, and connecting one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from roster_pipeline.errors import DistrictUnknown, TierRefused
from roster_pipeline.product.tables import organizations


@dataclass(frozen=True)
class Clock:
    """When a district's data last made each of the three hops to the product; None: never, or Clever does not say.

    Attributes:
        sis_to_clever: when Clever last took in the district's files, as Clever said when it was last read.
        clever_to_us: when what is published was read from Clever.
        us_to_published: when that was published.
    """

    sis_to_clever: datetime | None
    clever_to_us: datetime | None
    us_to_published: datetime | None


@dataclass(frozen=True)
class Organization:
    """A connected district.

    Attributes:
        last_snapshot_at: when the analysts' file last took it in.
        snapshot_failure: why it did not at the last try, in one line; None: it did, or there was no try yet.
        state: `active`, `paused` or `disconnected`: ours, whatever Clever's own state is.
        missing_since: when Clever's list of connections was first without the district; None while it is there.
        operator_disconnected_at: when an operator disconnected it; only `connect` ends that.
        clever_state: Clever's own word for its state; the error, the end of a pause and the portal are Clever's too.
        time_zone: the IANA name of the zone in which people of the district read times.
    """

    id: int
    district_id: str
    name: str
    tier: str
    state: str
    last_clever_sync_at: datetime | None
    last_read_at: datetime | None
    last_full_read_at: datetime | None
    last_published_at: datetime | None
    last_snapshot_at: datetime | None
    snapshot_failure: str | None
    missing_since: datetime | None
    operator_disconnected_at: datetime | None
    clever_state: str | None
    clever_error: str | None
    clever_pause_end: datetime | None
    portal_url: str | None
    time_zone: str

    @property
    def is_operator_disconnected(self) -> bool:
        return self.operator_disconnected_at is not None

    @property
    def is_stopped(self) -> bool:
        """Whether an operator lets no sync begin. One that Clever shows no more is still tried."""
        return self.state == "paused" or self.is_operator_disconnected

    @property
    def clock(self) -> Clock:
        return Clock(self.last_clever_sync_at, self.last_read_at, self.last_published_at)


@dataclass(frozen=True)
class Kept:
    """What a district had when its tier was set: the tier, and what lives of its roster; all of it stays."""

    tier: str
    schools: int
    members: int
    classes: int


COLUMNS = tuple(
    organizations.c[name]
    for name in (
        *("id", "clever_district_id", "name", "tier", "state"),
        *("last_clever_sync_at", "last_read_at", "last_full_read_at", "last_published_at"),
        *("last_snapshot_at", "snapshot_failure"),
        *("missing_since", "operator_disconnected_at"),
        *("clever_state", "clever_error", "clever_pause_end", "portal_url", "time_zone"),
    )
)
KEPT = """
    select organization.tier,
        (select count(*) from roster.schools where organization_id = organization.id and archived_at is null),
        (select count(*) from roster.org_memberships where organization_id = organization.id and ended_at is null),
        (select count(*) from roster.rosters where organization_id = organization.id and archived_at is null)
    from roster.organizations as organization where clever_district_id = :district_id
"""


def connect_district(
    pg: Connection, district_id: str, *, name: str, tier: str, time_zone: str | None = None
) -> Kept | None:
    """Make a district that Clever shows an organization, or change its tier; returns what an existing one had.

    A pause stays, and so does everything else (docs/rules.md R5.20). An operator's
    disconnection ends.

    Args:
        time_zone: None leaves the zone of a connected district, and gives a new one the default.

    Raises:
        TierRefused: the tier is `library`, which no district has.
    """
    if tier == "library":
        raise TierRefused(
            "Tier library is for teachers who use the product without their district; the program makes that "
            "organization itself. Connect a district with tier secure_sync or sso_only."
        )
    had = pg.execute(sa.text(KEPT), {"district_id": district_id}).one_or_none()
    zone = {"time_zone": time_zone} if time_zone else {}
    row = insert(organizations).values(clever_district_id=district_id, name=name, tier=tier, **zone)
    pg.execute(
        row.on_conflict_do_update(
            index_elements=["clever_district_id"],
            set_={
                "name": name,
                "tier": tier,
                "state": sa.case((organizations.c.state == "paused", "paused"), else_="active"),
                "missing_since": None,
                "operator_disconnected_at": None,
                **zone,
            },
        )
    )
    return Kept(*had) if had else None


def all_organizations(pg: Connection) -> list[Organization]:
    """Every connected district, by name."""
    rows = pg.execute(sa.select(*COLUMNS).order_by(organizations.c.name, organizations.c.id))
    return [Organization(*row) for row in rows]


def find_organization(pg: Connection, district_id: str) -> Organization:
    """One connected district.

    Raises:
        DistrictUnknown: it was never connected.
    """
    row = pg.execute(sa.select(*COLUMNS).where(organizations.c.clever_district_id == district_id)).one_or_none()
    if row is None:
        raise DistrictUnknown(f"District {district_id} is not connected. See roster-pipeline districts.")
    return Organization(*row)


def record_snapshot(pg: Connection, organization_id: int, at: datetime, *, failure: str | None = None) -> None:
    """Keep how the last try to bring a district into the analysts' file ended.

    Args:
        at: when it ended.
        failure: why it failed, in one line without a value of any row; None: it did not.
    """
    written = {"snapshot_failure": failure} if failure else {"snapshot_failure": None, "last_snapshot_at": at}
    pg.execute(organizations.update().where(organizations.c.id == organization_id).values(written))


def name_of(pg: Connection, district_id: str) -> str | None:
    """The name of a district as Clever had it last; None if it was never connected."""
    return pg.execute(sa.select(organizations.c.name).where(organizations.c.clever_district_id == district_id)).scalar()


def connected_districts(pg: Connection) -> list[str]:
    """Clever ids of the districts that no operator has disconnected."""
    return [one.district_id for one in all_organizations(pg) if not one.is_operator_disconnected]


def nightly_organizations(pg: Connection) -> list[Organization]:
    """The districts whose roster is synced by itself (R3.2). One that Clever shows no more is tried: it may be back."""
    return [one for one in all_organizations(pg) if one.tier == "secure_sync" and not one.is_stopped]


def read_limits(pg: Connection, district_id: str) -> tuple[dict[str, float], dict[str, float]]:
    """A district's own limits of the brakes: for good, and for the next plan only.

    Raises:
        DistrictUnknown: the district was never connected.
    """
    own = sa.select(organizations.c.limits, organizations.c.limits_once)
    found = pg.execute(own.where(organizations.c.clever_district_id == district_id)).one_or_none()
    if found is None:
        raise DistrictUnknown(f"District {district_id} is not connected. See roster-pipeline districts.")
    return found.limits, found.limits_once


def set_limits(pg: Connection, district_id: str, limits: Mapping[str, float], *, once: bool) -> None:
    """Change some limits of a district, for good or for the next plan only; raises as `read_limits`."""
    own = read_limits(pg, district_id)[1 if once else 0]
    column = "limits_once" if once else "limits"
    pg.execute(
        organizations.update()
        .where(organizations.c.clever_district_id == district_id)
        .values({column: {**own, **limits}})
    )
