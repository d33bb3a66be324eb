"""districts: what the Clever connection shows, how each district stands here, what waits, and how fresh it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import typer
from rich.table import Table

from roster_pipeline.clever import clever_access
from roster_pipeline.cli.screen import AsJson, err, out, plain, say, show_json
from roster_pipeline.cli.words import local_time, state_words
from roster_pipeline.errors import SettingRefused, SourceUnusable
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.extract.descriptions import describe_districts
from roster_pipeline.model.feed import District
from roster_pipeline.model.text import make_label
from roster_pipeline.product.connections import note_list, note_shown
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import Organization, all_organizations
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.syncs.standing import Standing, standings

CLEVER_STATES = {
    "running": "active in Clever",
    "pending": "being set up in Clever",
    "error": "Clever reports an error",
    "paused": "paused in Clever",
    "success": "up to date in Clever",
    "": "Clever gives no state",
    "not shown": "not shown by Clever",
}
HOPS = {"SIS to\nClever": "last_sync_in_clever", "read here": "last_read_at", "published": "last_published_at"}
WIDE = 130
"""Columns of a terminal from which on a time has room in one line."""


def register(app: typer.Typer) -> None:
    app.command("districts")(districts)


def districts(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """Show the districts of the Clever connection: tier and state, what waits, and when the data made each hop."""
    settings = read_settings()
    with err.status("Reading what Clever says of its districts"):
        seen, is_whole = _look_at_districts(settings)
    with transaction(open_product(settings)) as pg:
        if is_whole:
            note_list(pg, list(seen), datetime.now(UTC))
        else:
            note_shown(pg, list(seen))
        connected = {one.district_id: one for one in all_organizations(pg)}
        found = standings(pg)
    everyone = {**seen, **connected}
    rows = [_row(each, seen.get(each), connected.get(each), found.get(each)) for each in everyone]
    if as_json:
        show_json(rows)
        return
    if rows:
        words = {each: state_words(one) for each, one in connected.items()}
        out.print(_table(rows, words))
    else:
        say("This Clever connection shows no district yet. A district appears once it has authorised the app.")


def shared_districts(settings: Settings) -> dict[str, District | SourceUnusable]:
    """Every district that the connection shows, or why Clever would not describe it.

    Raises:
        SourceUnusable: it would describe none of them.
    """
    return _look_at_districts(settings)[0]


def _look_at_districts(settings: Settings) -> tuple[dict[str, District | SourceUnusable], bool]:
    """As `shared_districts`, and whether the whole list of connections was readable."""
    with CleverClient(clever_access(settings)) as clever:
        found = describe_districts(clever)
    refusals = [one for one in found.values() if isinstance(one, SourceUnusable)]
    if refusals and len(refusals) == len(found):
        raise refusals[0]
    return found, clever.is_list_whole


def shown_by_clever(settings: Settings) -> str:
    """What the Clever connection can see, in one sentence; or why it cannot be asked."""
    try:
        with CleverClient(clever_access(settings)) as clever:
            shown = clever.shared_districts()
    except (SourceUnusable, SettingRefused) as error:
        return f"What the Clever connection shows is not known: {error}"
    return f"The Clever connection shows: {', '.join(shown) or 'none'}."


def _row(
    district_id: str,
    seen: District | SourceUnusable | None,
    connected: Organization | None,
    standing: Standing | None,
) -> dict[str, object]:
    described = seen if isinstance(seen, District) else None
    name = described.name if described else (connected.name if connected else None)
    return {
        "district_id": district_id,
        "name": name,
        "in_clever": described.state if described else ("not shown" if seen is None else f"refused: {seen}"),
        "clever_error": described.error if described else None,
        "clever_pause_end": described.pause_end if described else None,
        "tier": connected.tier if connected else None,
        "state": connected.state if connected else "not connected",
        "missing_since": connected.missing_since if connected else None,
        "operator_disconnected_at": connected.operator_disconnected_at if connected else None,
        "last_sync_in_clever": described.last_sync if described else connected and connected.last_clever_sync_at,
        "last_read_at": connected.last_read_at if connected else None,
        "last_full_read_at": connected.last_full_read_at if connected else None,
        "last_published_at": connected.last_published_at if connected else None,
        "last_snapshot_at": connected.last_snapshot_at if connected else None,
        "snapshot_failure": connected.snapshot_failure if connected else None,
        "holds": standing.holds if standing else 0,
        "reviews": standing.reviews if standing else 0,
        "failing_since": standing.failing_since if standing else None,
    }


def _table(rows: Sequence[Mapping[str, object]], states: Mapping[str, str]) -> Table:
    """80 columns are enough: several lines a district, and its id is never broken."""
    table = Table(
        title="Districts of this Clever connection",
        title_justify="left",
        title_style="bold",
        show_lines=True,
        show_edge=False,
        pad_edge=False,
        expand=True,
    )
    # Of a column that shares the rest of the width, `width` is the least that it has.
    table.add_column("district", overflow="fold", width=24, ratio=3)
    table.add_column("state, what waits", overflow="fold", width=14, ratio=2)
    for column in HOPS:
        table.add_column(column, no_wrap=True, min_width=10)
    for row in rows:
        table.add_row(*(plain(cell) for cell in _cells(row, states)))
    return table


def _cells(row: Mapping[str, object], states: Mapping[str, str]) -> tuple[Sequence[str], ...]:
    """Several lines each."""
    state = states.get(str(row["district_id"]), str(row["state"]))
    connection = [str(row["tier"]), state] if row["tier"] else [state]
    return (
        [make_label(str(row["name"] or "no name")), str(row["district_id"]), _in_clever(row)],
        [*connection, *_waits(row)],
        *(_time(row[name]) for name in HOPS.values()),
    )


def _in_clever(row: Mapping[str, object]) -> str:
    """Clever's own state of the district in words, with the error or the end of the pause that belongs to it."""
    state = str(row["in_clever"])
    words = CLEVER_STATES.get(state, state if state.startswith("refused: ") else f"{state} in Clever")
    if state == "paused" and isinstance(until := row["clever_pause_end"], datetime):
        words += f" until {local_time(until)}"
    return f"{words}: {row['clever_error']}" if row["clever_error"] else words


def _waits(row: Mapping[str, object]) -> list[str]:
    """What waits for a person, and what fails, one line each."""
    failing = row["failing_since"]
    counts = [(row["holds"], "plan on hold", "plans on hold"), (row["reviews"], "review", "reviews")]
    lines = [f"{count:,} {one if count == 1 else many}" for count, one, many in counts if count]
    lines += [f"failing since {local_time(failing)}"] if isinstance(failing, datetime) else []
    return lines + (["analysts' file not written"] if row["snapshot_failure"] else [])


def _time(moment: object) -> Sequence[str]:
    if not isinstance(moment, datetime):
        return ["-"]
    text = local_time(moment)
    return [text] if out.width >= WIDE else text.split(" ", 1)
