"""The commands status and syncs: one line for each district, and the last syncs of one district."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from roster_pipeline.cli.screen import AsJson, out, plain, say, show_json
from roster_pipeline.cli.sync import OneDistrict
from roster_pipeline.cli.words import MODES, OUTCOMES, TRIGGERS, describe_age, describe_outcome
from roster_pipeline.messages import operator
from roster_pipeline.model.text import make_label
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import Organization, find_organization, list_organizations
from roster_pipeline.settings import read_settings
from roster_pipeline.syncs.standing import Standing, SyncRecord, list_syncs, read_standings

COLUMNS = {
    "last_sync": operator.mark("last sync"),
    "outcome": operator.mark("outcome"),
    "holds": operator.mark("on hold"),
    "reviews": operator.mark("reviews"),
    "failing": operator.mark("failing for"),
    "age": operator.mark("data age"),
}
NUMBERS = ("holds", "reviews")
STOPPED = {"paused": operator.mark("paused"), "disconnected": operator.mark("disconnected")}
WIDE = 110
"""Width of a terminal in which the ID of each district has room."""


def register(app: typer.Typer) -> None:
    app.command("status")(status)
    app.command("syncs")(syncs)


def status(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """Show one line for each district: last sync, outcome, what is on hold, failures, and the age of its data."""
    now = datetime.now(UTC)
    with transaction(open_product(read_settings())) as pg:
        by_district = read_standings(pg)
        districts = [(district, by_district[district.district_id]) for district in list_organizations(pg)]
    if as_json:
        show_json([_as_json(district, standing) for district, standing in districts])
    elif districts:
        _show(districts, now)
    else:
        say(operator.text("No district is connected yet. See roster-pipeline districts, then connect one."))


def syncs(
    district: OneDistrict,
    last: Annotated[int, typer.Option(min=1, max=1_000, help="How many of the last syncs to show.")] = 20,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Show the last syncs of a district: number, mode, what started each, and its outcome in words."""
    with transaction(open_product(read_settings())) as pg:
        organization = find_organization(pg, district)
        records = list_syncs(pg, district, last)
    names = {"district": organization.name, "district_id": district}
    if as_json:
        show_json([asdict(record) | {"outcome": describe_outcome(record)} for record in records])
    elif records:
        say(operator.text("Last syncs of {district} ({district_id})", **names))
        _show_syncs(records, organization.time_zone, datetime.now(UTC))
    else:
        say(
            operator.text(
                "{district} ({district_id}) has had no sync yet. Next: roster-pipeline sync --district {district_id}",
                **names,
            )
        )


def _as_json(organization: Organization, standing: Standing) -> dict[str, object]:
    sync = standing.sync
    return {
        "district_id": organization.district_id,
        "name": organization.name,
        "tier": organization.tier,
        "state": organization.state,
        "last_sync": asdict(sync) | {"outcome": describe_outcome(sync)} if sync else None,
        "holds": standing.holds,
        "reviews": standing.reviews,
        "failing_since": standing.failing_since,
        "last_read_at": organization.last_read_at,
        "last_full_read_at": organization.last_full_read_at,
        "last_published_at": organization.last_published_at,
    }


def _show(districts: Sequence[tuple[Organization, Standing]], now: datetime) -> None:
    has_ids = out.width >= WIDE
    table = Table(box=None, pad_edge=False)
    table.add_column(operator.text("district"), no_wrap=True, overflow="ellipsis", ratio=1)
    if has_ids:
        table.add_column(operator.text("id"), no_wrap=True)
    for name, title in COLUMNS.items():
        table.add_column(operator.text(title), no_wrap=True, justify="right" if name in NUMBERS else "left")
    for organization, standing in districts:
        ids = (organization.district_id,) if has_ids else ()
        cells = (make_label(organization.name), *ids, *_line(organization, standing, now))
        table.add_row(*(plain(cell) for cell in cells))
    out.print(table)
    if not has_ids:
        say(operator.text("To see the IDs of the districts: roster-pipeline districts, or --json."))


def _line(organization: Organization, standing: Standing, now: datetime) -> tuple[str, ...]:
    sync = standing.sync
    age = describe_age(sync.started_at, now) if sync else operator.text("never")
    return (
        operator.text("{age} ago", age=age) if age[0].isdecimal() else age,
        _outcome(organization, sync),
        str(standing.holds or "-"),
        str(standing.reviews or "-"),
        "-" if organization.is_stopped else describe_age(standing.failing_since, now),
        describe_age(organization.last_read_at, now),
    )


def _outcome(organization: Organization, sync: SyncRecord | None) -> str:
    """Return the state that an operator or Clever has put the district in, or else the outcome of its last sync."""
    if organization.state != "active":
        return operator.text(STOPPED[organization.state])
    return operator.text(OUTCOMES[sync.state]) if sync else "-"


def _show_syncs(records: Sequence[SyncRecord], zone: str, now: datetime) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(operator.text("sync"), justify="right", no_wrap=True)
    table.add_column(operator.text("started"), no_wrap=True)
    table.add_column(operator.text("what"), no_wrap=True)
    table.add_column(operator.text("started by"))
    table.add_column(operator.text("outcome"), overflow="fold", ratio=1)
    for record in records:
        mode, trigger = operator.text(MODES[record.mode]), operator.text(TRIGGERS[record.trigger])
        started = operator.time(record.started_at, zone, now)
        row = (str(record.id), started, mode, trigger, describe_outcome(record))
        table.add_row(*(plain(cell) for cell in row))
    out.print(table)
