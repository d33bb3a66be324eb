"""why: the chain of evidence for one person or class."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from roster_pipeline.clever import clever_access
from roster_pipeline.cli.screen import AsJson, out, plain, show_json
from roster_pipeline.errors import CannotStart, SettingRefused, SourceUnusable
from roster_pipeline.explain.answer import Evidence, why_person, why_section
from roster_pipeline.explain.district_file import despite_damage
from roster_pipeline.explain.email import why_email
from roster_pipeline.explain.freshness import Change
from roster_pipeline.explain.report import Chain, Item, at
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.product.database import open_product
from roster_pipeline.settings import Settings, read_settings

SHOWN = 12
"""Lines below one step; JSON has them all."""
STYLES = {"ok": "green", "waiting": "yellow", "stopped": "red", "ended": "dim", "unknown": "dim"}


def register(app: typer.Typer) -> None:
    app.command("why")(why)


def why(
    person: Annotated[str | None, typer.Option(metavar="CLEVER_ID", help="A student or teacher.")] = None,
    section: Annotated[str | None, typer.Option(metavar="CLEVER_ID", help="A class.")] = None,
    email: Annotated[str | None, typer.Option(metavar="E", help="Whoever has this address, here or in Clever.")] = None,
    changed_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="When it was changed in the SIS: 09:15 (today, UTC), 2026-11-26T09:15-05:00."
        ),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """The chain of evidence for one person or class, and whose move is next. Give one of the three.

    With --changed-at: how far a change of that time has come, to Clever, to us, or into the product.
    """
    asked = {name: value for name, value in (("person", person), ("section", section), ("email", email)) if value}
    if len(asked) != 1:
        raise CannotStart("Ask for one of --person CLEVER_ID, --section CLEVER_ID and --email E.")
    settings = read_settings()
    now = datetime.now(UTC)
    change = Change(moment(changed_at, now), now, partial(_taken_in, settings)) if changed_at else None
    evidence = Evidence(open_product(settings), settings.districts_folder, change)
    found: tuple[Item, ...] = ()
    if email:
        answer = despite_damage(lambda: why_email(evidence, email))
        found, chains = answer.found, answer.chains
    else:
        ask = partial(why_person, evidence, person) if person else partial(why_section, evidence, section or "")
        chains = despite_damage(ask)
    if as_json:
        show_json({**asked, "found": [asdict(item) for item in found], "chains": [asdict(chain) for chain in chains]})
    else:
        _show(found, chains)


def moment(text: str, now: datetime) -> datetime:
    """A time that somebody gave: `HH:MM` today, or ISO; in UTC where it names no zone.

    Raises:
        CannotStart: it is none, or it is still to come.
    """
    with suppress(ValueError):
        given = datetime.fromisoformat(f"{now:%Y-%m-%d}T{text:0>5}" if re.fullmatch(r"\d{1,2}:\d\d", text) else text)
        given = given if given.tzinfo else given.replace(tzinfo=UTC)
        if given <= now:
            return given
        raise CannotStart(
            f"{at(given)} is still to come: it is {at(now)} now. Give a date too, or a zone: 2026-11-26T09:15-05:00."
        )
    raise CannotStart("--changed-at is a time such as 09:15 (today, UTC) or 2026-11-26T09:15-05:00.")


def _taken_in(settings: Settings, district_id: str) -> datetime | None:
    """When Clever last took in a district's files, if it can be asked now."""
    try:
        with CleverClient(clever_access(settings)) as clever:
            return clever.district(district_id).last_sync
    except (SourceUnusable, SettingRefused):
        return None


def _show(found: Sequence[Item], chains: Sequence[Chain]) -> None:
    if found:
        table = _table()
        for item in found[:SHOWN]:
            table.add_row(Text(item.state), Text(), plain(item.says))
        out.print(Text("Who has this email"), table, sep="\n")
    for chain in chains:
        out.print()
        out.print(plain(f"{chain.kind.capitalize()} {chain.clever_id} of {chain.district_name}, {chain.district_id}"))
        out.print(_steps(chain))


def _steps(chain: Chain) -> Table:
    table = _table()
    for step in chain.steps:
        table.add_row(Text(step.state, style=STYLES[step.state]), Text(step.name), plain(step.says))
        for item in step.items[:SHOWN]:
            table.add_row(Text(), Text(f"  {item.state}"), plain(item.says))
        if len(step.items) > SHOWN:
            table.add_row(Text(), Text("  …"), Text(f"and {len(step.items) - SHOWN:,} more; --json has them all"))
    return table


def _table() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=max(map(len, STYLES)))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table
