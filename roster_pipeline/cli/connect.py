"""connect, disconnect, pause, resume: what an operator decides about the connection of a district."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy import Connection

from roster_pipeline.clever import clever_access
from roster_pipeline.cli.screen import AsJson, say, show_json
from roster_pipeline.errors import CannotStart
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.model.clever_id import is_clever_id
from roster_pipeline.model.feed import District
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.connections import disconnect_district, note_described, pause_district, resume_district
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import Kept, Organization, connect_district, find_organization
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.syncs.requests import refuse_waiting

TIERS = ("secure_sync", "sso_only")
NEXT = {
    "secure_sync": "Next: roster-pipeline sync",
    "sso_only": "This tier has single sign-on but no roster sync.",
}
CHANGED = {
    "secure_sync": "From now on it is synced every night, and on demand.",
    "sso_only": "From now on there is no roster sync: what came from Clever stays as it is now.",
}
DistrictId = Annotated[str, typer.Argument(metavar="DISTRICT_ID", help="Clever's id of the district.")]


def register(app: typer.Typer) -> None:
    for command in (connect, disconnect, pause, resume):
        app.command(command.__name__)(command)


def connect(
    district_id: DistrictId,
    tier: Annotated[
        str,
        typer.Option(
            metavar="|".join(TIERS), help="What the district has bought; only secure_sync is synced every night."
        ),
    ],
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Make a district an organization, change its tier, or end an operator's disconnection."""
    settings = read_settings()
    if not is_clever_id(district_id):
        raise CannotStart("A district is named by Clever's id for it, 24 characters of 0-9 and a-f.")
    if tier not in (*TIERS, "library"):  # which is refused with its reason
        raise CannotStart(f"There is no such tier. A district has tier {' or '.join(TIERS)}.")
    with CleverClient(clever_access(settings)) as clever:
        district = clever.district(district_id)
    kept = connect_here(settings, district, tier)
    if as_json:
        had = asdict(kept) if kept else None
        show_json({"district_id": district.id, "name": district.name, "tier": tier, "had": had})
    elif kept and kept.tier != tier:
        say(
            f"{district.name} ({district.id}) had tier {kept.tier} and has {tier} now. {CHANGED[tier]}",
            f"Nothing is taken away: {kept.schools:,} schools, {kept.members:,} members and {kept.classes:,} classes "
            "stay.",
        )
    else:
        say(f"{district.name} ({district.id}) is connected with tier {tier}. {NEXT[tier]}")
    if not as_json and _is_paused(settings, district_id):
        say(f"It is still paused, so no sync begins. To go on: roster-pipeline resume {district_id}")


def _is_paused(settings: Settings, district_id: str) -> bool:
    """Whether an operator has paused the district. Connecting it again does not end that."""
    with transaction(open_product(settings)) as pg:
        return find_organization(pg, district_id).state == "paused"


def connect_here(settings: Settings, district: District, tier: str) -> Kept | None:
    """The organization, and its Dagster partition; returns what it had before, if it was there."""
    from roster_pipeline.defs.launch import add_partition, dagster_instance

    def keep(pg: Connection) -> Kept | None:
        kept = connect_district(pg, district.id, name=district.name, tier=tier)
        note_described(pg, district)
        if tier == "sso_only":
            refuse_waiting(pg, district.id, "Nothing changed: the district's tier has no roster sync any more.")
        return kept

    kept = write_product(open_product(settings), keep)
    with dagster_instance(settings) as instance:
        add_partition(instance, district.id)
    return kept


def disconnect(district_id: DistrictId, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """End the connection of a district. Its syncs stop and everything it has stays, until `connect`."""

    def end(pg: Connection) -> Organization:
        return disconnect_district(pg, district_id, datetime.now(UTC))

    _stop(district_id, end, "is disconnected", f"connect {district_id} --tier secure_sync", as_json=as_json)


def pause(district_id: DistrictId, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """Stop the syncs of a district until `resume`. Nights and requests are refused, and everything it has stays."""
    _stop(
        district_id, lambda pg: pause_district(pg, district_id), "is paused", f"resume {district_id}", as_json=as_json
    )


def resume(district_id: DistrictId, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """End a pause: the district is synced again, in the night and on demand."""

    def end(pg: Connection) -> tuple[Organization, Organization]:
        return resume_district(pg, district_id), find_organization(pg, district_id)

    was, now = write_product(open_product(read_settings()), end)
    if as_json:
        show_json(_as_json(was, now))
    elif was.state == "paused":
        say(f"{now.name} ({district_id}) is active again. Next: roster-pipeline sync --district {district_id}")
    else:
        say(f"{now.name} ({district_id}) was not paused. Nothing changed.")


def _stop(
    district_id: str, act: Callable[[Connection], Organization], standing: str, way_back: str, *, as_json: bool
) -> None:
    """Stop a district's syncs, answer the requests that wait for one, and say how to go on.

    Args:
        act: changes the state, and returns the district as it was.
        standing: what the district is then, in words.
        way_back: the command that ends it.
    """

    def stop(pg: Connection) -> tuple[Organization, Organization]:
        was, now = act(pg), find_organization(pg, district_id)
        refuse_waiting(pg, district_id, f"Nothing changed. The district {standing}, and no sync begins.")
        return was, now

    was, now = write_product(open_product(read_settings()), stop)
    if as_json:
        show_json(_as_json(was, now))
        return
    if (was.state, was.operator_disconnected_at) == (now.state, now.operator_disconnected_at):
        say(f"{now.name} ({district_id}) {standing} already. To go on: roster-pipeline {way_back}")
        return
    say(
        f"{now.name} ({district_id}) {standing}. No sync begins any more, one that runs goes to its end, and "
        f"everything that the district has stays. To go on: roster-pipeline {way_back}"
    )


def _as_json(was: Organization, now: Organization) -> dict[str, object]:
    return {"district_id": now.district_id, "name": now.name, "state": now.state, "was": was.state}
