"""The product of the demo as it is before its first sync: users of its own, connected districts, and their admins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roster_pipeline.cli.connect import connect_here
from roster_pipeline.cli.districts import shared_districts
from roster_pipeline.model.feed import District
from roster_pipeline.product.admins import add_admin
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import list_organizations
from roster_pipeline.product.tables import accounts
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.settings import Settings

SIGN_UP_INTERVAL = 10
"""Of every tenth person, the teachers have an account when the demo begins."""
OPERATOR = "demo"
"""The name in the audit trail of who makes the admins of the demo."""


def prepare_product(settings: Settings, districts: Sequence[SandboxDistrict]) -> None:
    """Prepare the product of the demo. A second preparation changes nothing."""
    _sign_up_some_teachers(settings, districts)
    _connect_all(settings)
    _make_admins(settings, districts)


def _connect_all(settings: Settings) -> None:
    """Connect every district of the sandbox that is not connected yet."""
    with transaction(open_product(settings)) as pg:
        connected = {district.district_id for district in list_organizations(pg)}
    for district in shared_districts(settings).values():
        if isinstance(district, District) and district.id not in connected:
            connect_here(settings, district, "secure_sync")


def _make_admins(settings: Settings, districts: Sequence[SandboxDistrict]) -> None:
    """Make the first district administrator of each district an admin, as `roster-pipeline admins add` does."""
    with transaction(open_product(settings)) as pg:
        connected = {organization.district_id for organization in list_organizations(pg)}
        for district in districts:
            email = next((user["email"] for user in _users_with(district, "district_admin")), None)
            if email and district.id in connected:
                add_admin(pg, district.id, email, (), by=OPERATOR, at=datetime.now(UTC))


def _sign_up_some_teachers(settings: Settings, districts: Sequence[SandboxDistrict]) -> None:
    """Create accounts for some teachers of each district, if the product has no accounts yet."""
    teachers = [
        {"email": user["email"], "first_name": name.get("first"), "last_name": name.get("last"), "role": "teacher"}
        for district in districts
        for user in list(district.resources["users"].values())[::SIGN_UP_INTERVAL]
        if "teacher" in user["roles"] and user.get("email") and (name := user["name"])
    ]
    with transaction(open_product(settings)) as pg:
        if not pg.execute(sa.select(accounts.c.id).limit(1)).first():
            pg.execute(insert(accounts).on_conflict_do_nothing(index_elements=["email"]), teachers)


def _users_with(district: SandboxDistrict, role: str) -> Iterator[dict[str, Any]]:
    """Yield the users of a district that have a role and an email."""
    for user in district.resources["users"].values():
        if role in user["roles"] and user.get("email"):
            yield user
