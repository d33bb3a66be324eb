"""The command districts: what the Clever connection shows, and how each district stands here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import typer
from rich.table import Table

from roster_pipeline.clever import clever_access
from roster_pipeline.cli.screen import AsJson, err, out, plain, say, show_json
from roster_pipeline.cli.words import describe_state
from roster_pipeline.errors import SettingRefused, SourceUnusable
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.extract.descriptions import describe_districts
from roster_pipeline.messages import operator
from roster_pipeline.messages.times import DEFAULT_TIME_ZONE
from roster_pipeline.model.feed import District
from roster_pipeline.model.text import make_label
from roster_pipeline.product.connections import note_list, note_shown
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import Organization, list_organizations
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.syncs.standing import Standing, read_standings

CLEVER_STATES = {
    "running": operator.mark("active in Clever"),
    "pending": operator.mark("being set up in Clever"),
    "error": operator.mark("Clever reports an error"),
    "paused": operator.mark("paused in Clever"),
    "success": operator.mark("up to date in Clever"),
    "": operator.mark("Clever gives no state"),
    "not shown": operator.mark("not shown by Clever"),
}
HOPS = {
    "last_sync_in_clever": operator.mark("SIS to Clever"),
    "last_read_at": operator.mark("read here"),
    "last_published_at": operator.mark("published"),
}
WIDE = 130
"""Width of a terminal in which a time has room in one line."""


def register(app: typer.Typer) -> None:
    app.command("districts")(districts)


def districts(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """Show the districts of the Clever connection: tier, state, what is on hold, and when the data last moved."""
    settings, now = read_settings(), datetime.now(UTC)
    with err.status(operator.text("Reading the districts from Clever")):
        seen, is_whole = _look_at_districts(settings)
    with transaction(open_product(settings)) as pg:
        if is_whole:
            note_list(pg, list(seen), now)
        else:
            note_shown(pg, list(seen))
        connected = {organization.district_id: organization for organization in list_organizations(pg)}
        standings = read_standings(pg)
    everyone = {**seen, **connected}
    rows = [_row(each, seen.get(each), connected.get(each), standings.get(each)) for each in everyone]
    if as_json:
        show_json(rows)
        return
    if rows:
        out.print(_table(rows, connected, now))
    else:
        say(
            operator.text(
                "This Clever connection shows no district yet. A district appears once it has authorized the app."
            )
        )


def shared_districts(settings: Settings) -> dict[str, District | SourceUnusable]:
    """Return every district that the connection shows, or why Clever did not describe it.

    Raises:
        SourceUnusable: Clever described none of them.
    """
    return _look_at_districts(settings)[0]


def _look_at_districts(settings: Settings) -> tuple[dict[str, District | SourceUnusable], bool]:
    """Return what `shared_districts` returns, and whether the whole list of connections could be read."""
    with CleverClient(clever_access(settings)) as clever:
        answers = describe_districts(clever)
    refusals = [answer for answer in answers.values() if isinstance(answer, SourceUnusable)]
    if refusals and len(refusals) == len(answers):
        raise refusals[0]
    return answers, clever.is_list_whole


def shown_by_clever(settings: Settings) -> str:
    """Return a sentence with the districts that Clever shows, or with the reason why Clever cannot be asked."""
    try:
        with CleverClient(clever_access(settings)) as clever:
            shown = clever.shared_districts()
    except (SourceUnusable, SettingRefused) as error:
        return operator.text("Cannot tell which districts Clever shows: {error}", error=error)
    return operator.text(
        "The Clever connection shows: {districts}.", districts=", ".join(shown) or operator.text("none")
    )


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


def _table(rows: Sequence[Mapping[str, object]], connected: Mapping[str, Organization], now: datetime) -> Table:
    """Return the table of the districts. Each takes several lines, so 80 columns are enough and ids are never split."""
    table = Table(
        title=operator.text("Districts of this Clever connection"),
        title_justify="left",
        title_style="bold",
        show_lines=True,
        show_edge=False,
        pad_edge=False,
        expand=True,
    )
    # Of a column that shares the rest of the width, `width` is the least that it has.
    table.add_column(operator.text("district"), overflow="fold", width=24, ratio=3)
    table.add_column(operator.text("state"), overflow="fold", width=11, ratio=2)
    for title in HOPS.values():
        table.add_column(operator.text(title), min_width=11)
    for row in rows:
        table.add_row(*(plain(cell) for cell in _cells(row, connected.get(str(row["district_id"])), now)))
    return table


def _cells(row: Mapping[str, object], organization: Organization | None, now: datetime) -> tuple[Sequence[str], ...]:
    """Return the cells of a row, each with its lines."""
    zone = organization.time_zone if organization else DEFAULT_TIME_ZONE
    state = describe_state(organization, now) if organization else operator.text("not connected")
    connection = [organization.tier, state] if organization else [state]
    name = make_label(str(row["name"] or operator.text("no name")))
    return (
        [name, str(row["district_id"]), _in_clever(row, zone, now)],
        [*connection, *_attention(row, zone, now)],
        *(_time(row[hop], zone, now) for hop in HOPS),
    )


def _in_clever(row: Mapping[str, object], zone: str, now: datetime) -> str:
    """Return Clever's state of the district in words, with its error or the end of its pause."""
    state, until = str(row["in_clever"]), row["clever_pause_end"]
    if state in CLEVER_STATES:
        says = operator.text(CLEVER_STATES[state])
    else:
        says = state if state.startswith("refused: ") else operator.text("{state} in Clever", state=state)
    if state == "paused" and isinstance(until, datetime):
        says = operator.text("paused in Clever until {time}", time=operator.time(until, zone, now))
    return f"{says}: {row['clever_error']}" if row["clever_error"] else says


def _attention(row: Mapping[str, Any], zone: str, now: datetime) -> list[str]:
    """Return what needs attention, a line each."""
    lines = []
    if row["holds"]:
        lines.append(operator.count("{n:,} plan on hold", "{n:,} plans on hold", row["holds"]))
    if row["reviews"]:
        lines.append(operator.count("{n:,} review", "{n:,} reviews", row["reviews"]))
    if row["failing_since"]:
        lines.append(operator.text("failing since {time}", time=operator.time(row["failing_since"], zone, now)))
    if row["snapshot_failure"]:
        lines.append(operator.text("analysts' file not written"))
    return lines


def _time(moment: object, zone: str, now: datetime) -> Sequence[str]:
    if not isinstance(moment, datetime):
        return ["-"]
    time = operator.time(moment, zone, now)
    return [time] if out.width >= WIDE else time.rsplit(", ", 1)
