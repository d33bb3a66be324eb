"""The commands connect, disconnect, pause and resume: what an operator decides about a district's connection."""

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
from roster_pipeline.messages import operator, product
from roster_pipeline.messages.times import DEFAULT_TIME_ZONE, is_time_zone
from roster_pipeline.model.clever_id import is_clever_id
from roster_pipeline.model.feed import District
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.connections import disconnect_district, note_described, pause_district, resume_district
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import ExistingRoster, Organization, connect_district, find_organization
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.syncs.requests import refuse_waiting

TIERS = ("secure_sync", "sso_only")
NEXT = {
    "secure_sync": operator.mark("Next: roster-pipeline sync"),
    "sso_only": operator.mark("This tier has single sign-on but no roster sync."),
}
CHANGED = {
    "secure_sync": operator.mark("From now on it is synced every night and on demand."),
    "sso_only": operator.mark("From now on there is no roster sync. The data from Clever stays as it is now."),
}
DISCONNECTED = (
    product.mark("No changes. The district is disconnected, so no sync starts."),
    operator.mark("{district} ({district_id}) is already disconnected."),
    operator.mark("{district} ({district_id}) is disconnected."),
)
PAUSED = (
    product.mark("No changes. The district is paused, so no sync starts."),
    operator.mark("{district} ({district_id}) is already paused."),
    operator.mark("{district} ({district_id}) is paused."),
)
DistrictId = Annotated[str, typer.Argument(metavar="DISTRICT_ID", help="Clever's ID of the district.")]


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
    time_zone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help=f"The zone in which its people read times; {DEFAULT_TIME_ZONE} for a new district.",
        ),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Connect a district, change its tier or time zone, or end an operator's disconnection."""
    settings = read_settings()
    if not is_clever_id(district_id):
        raise CannotStart(operator.text("A district ID of Clever has 24 characters of 0-9 and a-f."))
    if tier not in (*TIERS, "library"):  # connect_district refuses library with its reason
        raise CannotStart(
            operator.text("There is no such tier. A district has tier {tiers}.", tiers=" or ".join(TIERS))
        )
    if time_zone is not None and not is_time_zone(time_zone):
        raise CannotStart(operator.text("There is no such time zone. Give a name such as America/Chicago."))
    with CleverClient(clever_access(settings)) as clever:
        district = clever.district(district_id)
    existing = connect_here(settings, district, tier, time_zone)
    values = {"district": district.name, "district_id": district.id, "tier": tier}
    if as_json:
        had = asdict(existing) if existing else None
        show_json({"district_id": district.id, "name": district.name, "tier": tier, "had": had})
    elif existing and existing.tier != tier:
        changed = operator.text(
            "{district} ({district_id}) had tier {former} and now has {tier}.", former=existing.tier, **values
        )
        say(f"{changed} {operator.text(CHANGED[tier])}", _describe_existing(existing))
    else:
        connected = operator.text("{district} ({district_id}) is connected with tier {tier}.", **values)
        say(f"{connected} {operator.text(NEXT[tier])}")
    if not as_json and _is_paused(settings, district_id):
        say(
            operator.text(
                "It is still paused, so no sync starts. To resume: roster-pipeline resume {district_id}",
                district_id=district_id,
            )
        )


def _describe_existing(existing: ExistingRoster) -> str:
    counts = [
        operator.count("{n:,} school", "{n:,} schools", existing.schools),
        operator.count("{n:,} member", "{n:,} members", existing.members),
        operator.count("{n:,} class", "{n:,} classes", existing.classes),
    ]
    return operator.text("Nothing is removed: {counts} stay.", counts=operator.join(counts))


def _is_paused(settings: Settings, district_id: str) -> bool:
    """Return whether an operator has paused the district. Connecting it again does not end a pause."""
    with transaction(open_product(settings)) as pg:
        return find_organization(pg, district_id).state == "paused"


def connect_here(
    settings: Settings, district: District, tier: str, time_zone: str | None = None
) -> ExistingRoster | None:
    """Make a district an organization with a Dagster partition. Return its roster if it was connected before.

    Args:
        time_zone: None leaves the zone of a connected district, and gives a new one the default.
    """
    from roster_pipeline.defs.launch import add_partition, dagster_instance

    def connect(pg: Connection) -> ExistingRoster | None:
        existing = connect_district(pg, district.id, name=district.name, tier=tier, time_zone=time_zone)
        note_described(pg, district)
        if tier == "sso_only":
            refuse_waiting(
                pg, district.id, product().text("No changes. The tier of the district has no roster sync any longer.")
            )
        return existing

    existing = write_product(open_product(settings), connect)
    with dagster_instance(settings) as instance:
        add_partition(instance, district.id)
    return existing


def disconnect(district_id: DistrictId, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """End the connection of a district. Its syncs stop and everything it has stays, until `connect`."""

    def end(pg: Connection) -> Organization:
        return disconnect_district(pg, district_id, datetime.now(UTC))

    _stop(district_id, end, DISCONNECTED, f"roster-pipeline connect {district_id} --tier secure_sync", as_json=as_json)


def pause(district_id: DistrictId, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """Pause the syncs of a district until `resume`. Nights and requests are refused, and everything it has stays."""
    command = f"roster-pipeline resume {district_id}"
    _stop(district_id, lambda pg: pause_district(pg, district_id), PAUSED, command, as_json=as_json)


def resume(district_id: DistrictId, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """End a pause. The district is synced again, in the night and on demand."""

    def end(pg: Connection) -> tuple[Organization, Organization]:
        return resume_district(pg, district_id), find_organization(pg, district_id)

    was, now = write_product(open_product(read_settings()), end)
    values = {"district": now.name, "district_id": district_id}
    if as_json:
        show_json(_as_json(was, now))
    elif was.state == "paused":
        say(
            operator.text(
                "{district} ({district_id}) is active again. Next: roster-pipeline sync --district {district_id}",
                **values,
            )
        )
    else:
        say(operator.text("{district} ({district_id}) was not paused. Nothing was changed.", **values))


def _stop(
    district_id: str,
    act: Callable[[Connection], Organization],
    sentences: tuple[str, str, str],
    command: str,
    *,
    as_json: bool,
) -> None:
    """Stop a district's syncs, answer the requests that wait for one, and say how to go on.

    Args:
        act: changes the state, and returns the district as it was.
        sentences: the answer to a request, and what is said if the district was in this state already or is new in it.
        command: the command that ends the state.
    """
    answer, already, stopped = sentences

    def stop(pg: Connection) -> tuple[Organization, Organization]:
        was, now = act(pg), find_organization(pg, district_id)
        refuse_waiting(pg, district_id, product().text(answer))
        return was, now

    was, now = write_product(open_product(read_settings()), stop)
    if as_json:
        show_json(_as_json(was, now))
        return
    is_same = (was.state, was.operator_disconnected_at) == (now.state, now.operator_disconnected_at)
    sentence = operator.text(already if is_same else stopped, district=now.name, district_id=district_id)
    if not is_same:
        sentence += " " + operator.text(
            "No sync starts any more. A running sync goes to its end, and everything the district has stays."
        )
    say(f"{sentence} " + operator.text("To go on: {command}", command=command))


def _as_json(was: Organization, now: Organization) -> dict[str, object]:
    return {"district_id": now.district_id, "name": now.name, "state": now.state, "was": was.state}
