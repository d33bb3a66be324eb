"""districts: what the Clever connection shows, and how fresh each district is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import typer
from rich.table import Table

from roster_pipeline.clever import clever_access
from roster_pipeline.cli.screen import AsJson, out, plain, say, show_json
from roster_pipeline.errors import SettingRefused, SourceUnusable
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.model.feed import District
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import Organization, all_organizations
from roster_pipeline.settings import Settings, read_settings


def register(app: typer.Typer) -> None:
    app.command("districts")(districts)


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
