"""The subject of an explanation: one person or class in one district, with every fact about it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from roster_pipeline.explain.district_file import Unread
from roster_pipeline.explain.facts import Row, read_product
from roster_pipeline.explain.freshness import Arrival
from roster_pipeline.explain.product_facts import ProductFacts
from roster_pipeline.explain.source_facts import LastRead, SourceFacts
from roster_pipeline.explain.steps import Kind
from roster_pipeline.product.organizations import Organization


@dataclass(frozen=True)
class DistrictFacts:
    """The state of the syncs of a district.

    Attributes:
        last_sync: the last sync that read Clever or tried to.
        read_sync: the sync that made the last read; None if a preview made it, or if the product does not know it.
        held_plan: the plan of which the last published sync held a part, unless that part was applied since.
        arrival: how far a change has come, if the question names one.
    """

    organization: Organization
    last_sync: Row | None
    read_sync: Row | None
    held_plan: Row | None
    arrival: Arrival | None = None

    @property
    def is_blocked(self) -> bool:
        """Whether no sync of the district may begin."""
        return self.organization.is_stopped or self.organization.tier == "sso_only"

    @property
    def held_state(self) -> str:
        """The state of what is held: `kept` once a person has rejected its removal."""
        return "kept" if self.held_plan and self.held_plan.state == "rejected" else "held"


@dataclass(frozen=True)
class Subject:
    """One Clever id in one district, with the facts of the product and of the district file.

    Attributes:
        source: the facts of the district file; None if it cannot be read.
        unread: the reason why it cannot be read.
    """

    kind: Kind
    clever_id: str
    district: DistrictFacts
    product: ProductFacts
    source: SourceFacts | None
    unread: Unread | None

    @property
    def is_known(self) -> bool:
        """Whether the product or the last read knows the Clever id."""
        return self.product.is_known or bool(self.source and self.source.is_known)


def read_district_facts(pg: Connection, organization: Organization, last_read: LastRead | None) -> DistrictFacts:
    """Return the state of the syncs of a district.

    Args:
        last_read: the last read, as the district file has it.
    """
    organization_id, uid = {"organization_id": organization.id}, last_read.sync_uid if last_read else None
    last_sync = _first(read_product(pg, "last_sync", uid=None, **organization_id))
    read_sync = _first(read_product(pg, "last_sync", uid=uid, **organization_id)) if uid else None
    return DistrictFacts(organization, last_sync, read_sync, _first(read_product(pg, "held_plan", **organization_id)))


def _first(rows: tuple[Row, ...]) -> Row | None:
    return next(iter(rows), None)
