"""status, syncs: how each district fares, in one line, and the last syncs of one district."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from roster_pipeline.cli.screen import AsJson, out, plain, say, show_json
from roster_pipeline.cli.sync import OneDistrict
from roster_pipeline.cli.words import MODES, OUTCOMES, TRIGGERS, age_words, local_time, outcome_words, state_words
from roster_pipeline.model.text import make_label
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import Organization, all_organizations, find_organization
from roster_pipeline.settings import read_settings
from roster_pipeline.syncs.standing import Standing, SyncRecord, last_syncs, standings

COLUMNS = ("last sync", "outcome", "on hold", "reviews", "failing for", "data age")
WIDE = 110
"""Columns of a terminal from which on the id of each district has room."""


def register(app: typer.Typer) -> None:
    app.command("status")(status)
    app.command("syncs")(syncs)


def status(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """Show one line a district: its last sync and the outcome, what waits, since when it fails, how old its data is."""
    now = datetime.now(UTC)
    with transaction(open_product(read_settings())) as pg:
        found = standings(pg)
        districts = [(one, found[one.district_id]) for one in all_organizations(pg)]
    if as_json:
        show_json([_as_json(one, standing) for one, standing in districts])
    elif districts:
        _show(districts, now)
    else:
        say("No district is connected yet. See roster-pipeline districts, then connect one.")


def syncs(
    district: OneDistrict,
    last: Annotated[int, typer.Option(min=1, max=1_000, help="How many of the last syncs to show.")] = 20,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Show the last syncs of a district: number, mode, what started each, and its outcome in words."""
    with transaction(open_product(read_settings())) as pg:
        name = find_organization(pg, district).name
        found = last_syncs(pg, district, last)
    if as_json:
        show_json([asdict(one) | {"outcome": outcome_words(one)} for one in found])
    elif found:
        say(f"Last syncs of {name} ({district})")
        _show_syncs(found)
    else:
        say(f"{name} ({district}) has had no sync yet. Next: roster-pipeline sync --district {district}")


def _as_json(organization: Organization, standing: Standing) -> dict[str, object]:
    sync = standing.sync
    return {
        "district_id": organization.district_id,
        "name": organization.name,
        "tier": organization.tier,
        "state": organization.state,
        "last_sync": asdict(sync) | {"outcome": outcome_words(sync)} if sync else None,
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
    table.add_column("district", no_wrap=True, overflow="ellipsis", ratio=1)
    for column in (*(("id",) if has_ids else ()), *COLUMNS):
        table.add_column(column, no_wrap=True, justify="right" if column in ("on hold", "reviews") else "left")
    for organization, standing in districts:
        ids = (organization.district_id,) if has_ids else ()
        cells = (make_label(organization.name), *ids, *_line(organization, standing, now))
        table.add_row(*(plain(cell) for cell in cells))
    out.print(table)
    if not has_ids:
        say("The ids of the districts: roster-pipeline districts, or --json.")


def _line(organization: Organization, standing: Standing, now: datetime) -> tuple[str, ...]:
    sync = standing.sync
    begun = age_words(sync.started_at, now) if sync else "never"
    return (
        f"{begun} ago" if begun[0].isdecimal() else begun,
        _outcome(organization, sync),
        str(standing.holds or "-"),
        str(standing.reviews or "-"),
        "-" if organization.is_stopped else age_words(standing.failing_since, now),
        age_words(organization.last_read_at, now),
    )


def _outcome(organization: Organization, sync: SyncRecord | None) -> str:
    """The state that an operator or Clever has put the district in, or else how its last sync ended."""
    if organization.state != "active":
        return state_words(organization).partition(":")[0].removesuffix(" by an operator")
    return OUTCOMES.get(sync.state, sync.state) if sync else "-"


def _show_syncs(found: Sequence[SyncRecord]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("sync", justify="right", no_wrap=True)
    table.add_column("begun", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("started by")
    table.add_column("outcome", overflow="fold", ratio=1)
    for one in found:
        what, trigger = MODES.get(one.mode, one.mode), TRIGGERS.get(one.trigger, one.trigger)
        row = (str(one.id), local_time(one.started_at), what, trigger, outcome_words(one))
        table.add_row(*(plain(cell) for cell in row))
    out.print(table)
