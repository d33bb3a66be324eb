"""Connects districts, and reads and writes what the product stores of them: tier, state, freshness and limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from roster_pipeline.errors import DistrictUnknown, TierRefused
from roster_pipeline.messages import operator
from roster_pipeline.product.tables import organizations, syncs

NOT_CONNECTED = operator.mark("District {district_id} is not connected. See roster-pipeline districts.")


@dataclass(frozen=True)
class Freshness:
    """The time at which the data of a district last moved on each of three hops.

    A time is None if the data has not made the hop, or if Clever does not report it.

    Attributes:
        sis_to_clever: when Clever last imported the district's files, as Clever reported at the last sync.
        clever_to_us: when the published data was read from Clever.
        us_to_published: when the data was published.
    """

    sis_to_clever: datetime | None
    clever_to_us: datetime | None
    us_to_published: datetime | None


@dataclass(frozen=True)
class Organization:
    """A connected district.

    Attributes:
        last_snapshot_at: when the district was last written to the analysts' database.
        snapshot_failure: the reason in one line why the last write to the analysts' database failed, or None.
        state: `active`, `paused` or `disconnected`. This is the state in the product, not the one in Clever.
        missing_since: when Clever's list of connections first lacked the district, or None if it has the district.
        operator_disconnected_at: when an operator disconnected the district. Only `connect` ends that.
        clever_state: the state of the district in Clever.
        clever_error: the error of the district in Clever.
        clever_pause_end: the end of the pause of the district in Clever.
        portal_url: the page of the district in Clever's portal.
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
        """Return whether an operator has paused or disconnected the district, so that no sync may begin."""
        return self.state == "paused" or self.is_operator_disconnected

    @property
    def freshness(self) -> Freshness:
        return Freshness(self.last_clever_sync_at, self.last_read_at, self.last_published_at)


@dataclass(frozen=True)
class ExistingRoster:
    """The tier that a district had before it was connected again, and counts of its live roster, which stays."""

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
EXISTING_ROSTER = """
    select organization.tier,
        (select count(*) from roster.schools where organization_id = organization.id and archived_at is null),
        (select count(*) from roster.org_memberships where organization_id = organization.id and ended_at is null),
        (select count(*) from roster.rosters where organization_id = organization.id and archived_at is null)
    from roster.organizations as organization where clever_district_id = :district_id
"""


def connect_district(
    pg: Connection, district_id: str, *, name: str, tier: str, time_zone: str | None = None
) -> ExistingRoster | None:
    """Make a district of Clever an organization, or set the tier of one that is connected.

    The roster and a pause of a connected district stay (docs/rules.md R5.20). A disconnection by an operator ends.

    Args:
        time_zone: None keeps the zone of a connected district, and gives a new one the default.

    Returns:
        The roster of a district that was connected before, or None for a new one.

    Raises:
        TierRefused: the tier is `library`, which no district can have.
    """
    if tier == "library":
        raise TierRefused(
            operator.text(
                "Tier library is for teachers who use the product without their district. The program makes that "
                "organization itself. Connect a district with tier secure_sync or sso_only."
            )
        )
    existing = pg.execute(sa.text(EXISTING_ROSTER), {"district_id": district_id}).one_or_none()
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
    return ExistingRoster(*existing) if existing else None


def list_organizations(pg: Connection) -> list[Organization]:
    """Return every connected district, ordered by name. The organization of Clever Library is no district."""
    districts = sa.select(*COLUMNS).where(organizations.c.tier != "library")
    rows = pg.execute(districts.order_by(organizations.c.name, organizations.c.id))
    return [Organization(*row) for row in rows]


def find_library_organization(pg: Connection) -> int:
    """Return the id of the organization of all Library teachers. The first call makes it (docs/rules.md R3.1)."""
    return int(pg.execute(sa.select(sa.func.roster.library_organization())).scalar_one())


def find_organization(pg: Connection, district_id: str) -> Organization:
    """Return one connected district.

    Raises:
        DistrictUnknown: the district was never connected.
    """
    row = pg.execute(sa.select(*COLUMNS).where(organizations.c.clever_district_id == district_id)).one_or_none()
    if row is None:
        raise DistrictUnknown(operator.text(NOT_CONNECTED, district_id=district_id))
    return Organization(*row)


def record_snapshot(pg: Connection, organization_ids: Sequence[int], at: datetime) -> None:
    """Record that a pass over the analysts' database succeeded.

    Args:
        organization_ids: the organizations that the pass wrote. The failures of the others are over too.
        at: when the pass began.
    """
    is_written = organizations.c.id.in_(organization_ids)
    pg.execute(organizations.update().where(is_written).values(snapshot_failure=None, last_snapshot_at=at))
    has_failure = organizations.c.snapshot_failure.is_not(None)
    pg.execute(organizations.update().where(has_failure).values(snapshot_failure=None))


def record_snapshot_failure(pg: Connection, failure: str) -> None:
    """Record that a pass over the analysts' database failed, for each organization that it had to write.

    Args:
        failure: the reason, in one line without a value of any row.
    """
    newest = sa.select(sa.func.max(syncs.c.finished_at)).where(syncs.c.organization_id == organizations.c.id)
    last = sa.func.coalesce(organizations.c.last_snapshot_at, sa.cast("-infinity", sa.DateTime(timezone=True)))
    concerned = sa.and_(organizations.c.tier != "library", newest.scalar_subquery() > last)
    pg.execute(organizations.update().where(concerned).values(snapshot_failure=failure))


def find_district_name(pg: Connection, district_id: str) -> str | None:
    """Return the name that a district last had in Clever, or None if the district was never connected."""
    return pg.execute(sa.select(organizations.c.name).where(organizations.c.clever_district_id == district_id)).scalar()


def list_connected_districts(pg: Connection) -> list[str]:
    """Return the Clever ids of the districts that no operator has disconnected."""
    return [district.district_id for district in list_organizations(pg) if not district.is_operator_disconnected]


def list_nightly_organizations(pg: Connection) -> list[Organization]:
    """Return the districts that the nightly schedule syncs (docs/rules.md R3.2).

    A district that Clever no longer shows is among them, because each sync checks whether it is back.
    """
    return [
        district for district in list_organizations(pg) if district.tier == "secure_sync" and not district.is_stopped
    ]


def read_limits(pg: Connection, district_id: str) -> tuple[dict[str, float], dict[str, float]]:
    """Return the limits that were set for a district: the lasting ones, and those for the next plan only.

    Raises:
        DistrictUnknown: the district was never connected.
    """
    query = sa.select(organizations.c.limits, organizations.c.limits_once)
    row = pg.execute(query.where(organizations.c.clever_district_id == district_id)).one_or_none()
    if row is None:
        raise DistrictUnknown(operator.text(NOT_CONNECTED, district_id=district_id))
    return row.limits, row.limits_once


def set_limits(pg: Connection, district_id: str, limits: Mapping[str, float], *, once: bool) -> None:
    """Set some limits of a district and leave the others unchanged.

    Args:
        once: whether the limits apply to the next plan only.

    Raises:
        DistrictUnknown: the district was never connected.
    """
    present = read_limits(pg, district_id)[1 if once else 0]
    column = "limits_once" if once else "limits"
    pg.execute(
        organizations.update()
        .where(organizations.c.clever_district_id == district_id)
        .values({column: {**present, **limits}})
    )
