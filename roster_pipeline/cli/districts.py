"""districts, connect: what the Clever connection shows, and making one of them an organization."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

import typer
from rich.table import Table

from roster_pipeline.clever import clever_access
from roster_pipeline.cli.screen import AsJson, out, plain, say, show_json
from roster_pipeline.errors import CannotStart, SettingRefused, SourceUnusable
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.model.feed import District
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import Kept, Organization, all_organizations, connect_district
from roster_pipeline.refresh import refuse_waiting
from roster_pipeline.settings import Settings, read_settings

CLEVER_ID = "[0-9a-f]{24}"
NEXT = {
    "secure_sync": "Next: roster-pipeline sync",
    "library": "It is synced on demand only, never in the night.",
    "sso_only": "This tier has single sign-on but no roster sync.",
}
CHANGED = {
    "secure_sync": "From now on it is synced every night, and on demand.",
    "library": "From now on it is synced on demand only, no longer in the night.",
    "sso_only": "From now on there is no roster sync: what came from Clever stays as it is now.",
}
Tier = Literal["secure_sync", "library", "sso_only"]


def register(app: typer.Typer) -> None:
    app.command("districts")(districts)
    app.command("connect")(connect)


def districts(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """What the Clever connection can see, with tier and state, and when its data last made each hop to the product."""
    settings = read_settings()
    seen = shared_districts(settings)
    with transaction(open_product(settings)) as pg:
        connected = {one.district_id: one for one in all_organizations(pg)}
    rows = [
        _row(district_id, seen.get(district_id), connected.get(district_id)) for district_id in {**seen, **connected}
    ]
    if as_json:
        show_json(rows)
        return
    if rows:
        out.print(_table(rows))
    else:
        say("This Clever connection shows no district yet. A district appears once it has authorised the app.")


def connect(
    district_id: Annotated[str, typer.Argument(metavar="DISTRICT_ID", help="Clever's id of the district.")],
    tier: Annotated[Tier, typer.Option(help="What the district has bought; only secure_sync is synced every night.")],
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Make a district an organization, or change its tier."""
    settings = read_settings()
    if not re.fullmatch(CLEVER_ID, district_id):
        raise CannotStart("A district is named by Clever's id for it, 24 characters of 0-9 and a-f.")
    with CleverClient(clever_access(settings)) as clever:
        district = clever.district(district_id)
    kept = connect_here(settings, district, tier)
    if as_json:
        had = asdict(kept) if kept else None
        show_json({"district_id": district.id, "name": district.name, "tier": tier, "had": had})
    elif kept and kept.tier != tier:
        say(
            f"{district.name} ({district.id}) had tier {kept.tier} and has {tier} now. {CHANGED[tier]}\n"
            f"Nothing is taken away: {kept.schools:,} schools, {kept.members:,} members, {kept.classes:,} classes stay."
        )
    else:
        say(f"{district.name} ({district.id}) is connected with tier {tier}. {NEXT[tier]}")


def connect_here(settings: Settings, district: District, tier: str) -> Kept | None:
    """The organization, and its Dagster partition; returns what it had before, if it was there."""
    from roster_pipeline.defs.launch import add_partition, dagster_instance

    with transaction(open_product(settings)) as pg:
        kept = connect_district(pg, district.id, name=district.name, tier=tier)
        if tier == "sso_only":
            refuse_waiting(pg, district.id, "Nothing changed: the district's tier has no roster sync any more.")
    with dagster_instance(settings) as instance:
        add_partition(instance, district.id)
    return kept


def shared_districts(settings: Settings) -> dict[str, District | SourceUnusable]:
    """Every district that the connection shows, or why Clever would not describe it.

    Raises:
        SourceUnusable: it would describe none of them.
    """
    found: dict[str, District | SourceUnusable] = {}
    with CleverClient(clever_access(settings)) as clever:
        for district_id in clever.shared_districts():
            try:
                found[district_id] = clever.district(district_id)
            except SourceUnusable as error:
                found[district_id] = error
    refusals = [one for one in found.values() if isinstance(one, SourceUnusable)]
    if refusals and len(refusals) == len(found):
        raise refusals[0]
    return found


def shown_by_clever(settings: Settings) -> str:
    """What the Clever connection can see, in one sentence; or why it cannot be asked."""
    try:
        with CleverClient(clever_access(settings)) as clever:
            shown = clever.shared_districts()
    except (SourceUnusable, SettingRefused) as error:
        return f"What the Clever connection shows is not known: {error}"
    return f"The Clever connection shows: {', '.join(shown) or 'none'}."


def _row(district_id: str, seen: District | SourceUnusable | None, connected: Organization | None) -> dict[str, object]:
    described = seen if isinstance(seen, District) else None
    name = described.name if described else (connected.name if connected else None)
    return {
        "district_id": district_id,
        "name": name,
        "in_clever": described.state if described else ("not shown" if seen is None else f"refused: {seen}"),
        "tier": connected.tier if connected else None,
        "state": connected.state if connected else "not connected",
        "last_sync_in_clever": described.last_sync if described else connected and connected.last_clever_sync_at,
        "last_read_at": connected.last_read_at if connected else None,
        "last_full_read_at": connected.last_full_read_at if connected else None,
        "last_published_at": connected.last_published_at if connected else None,
    }


def _table(rows: Sequence[Mapping[str, object]]) -> Table:
    """80 columns are enough: several lines a district, and its id is never broken."""
    table = Table(
        title="Districts of this Clever connection",
        title_justify="left",
        title_style="bold",
        show_lines=True,
        show_edge=False,
    )
    table.add_column("district", overflow="fold", min_width=24)
    for column in ("here", "SIS →\nClever", "Clever →\nus", "us →\npublished"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(plain(cell) for cell in _cells(row)))
    return table


def _cells(row: Mapping[str, object]) -> tuple[str, ...]:
    hops = (row["last_sync_in_clever"], row["last_read_at"], row["last_published_at"])
    return (
        f"{row['name'] or 'no name'}\n{row['district_id']}\n{row['in_clever']} in Clever",
        f"{row['tier']}\n{row['state']}" if row["tier"] else str(row["state"]),
        *(f"{hop:%Y-%m-%d}\n{hop:%H:%M} UTC" if isinstance(hop, datetime) else "-" for hop in hops),
    )
