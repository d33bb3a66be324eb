"""why: the chain of evidence for one person or class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from roster_pipeline.cli.screen import AsJson, out, plain, show_json
from roster_pipeline.errors import CannotStart
from roster_pipeline.product.database import open_product
from roster_pipeline.settings import read_settings
from roster_pipeline.why.answer import Evidence, why_person, why_section
from roster_pipeline.why.chain import Chain, Item
from roster_pipeline.why.email import why_email

SHOWN = 12
"""Lines below one step; JSON has them all."""
STYLES = {"ok": "green", "waiting": "yellow", "stopped": "red", "ended": "dim", "unknown": "dim"}


def register(app: typer.Typer) -> None:
    app.command("why")(why)


def why(
    person: Annotated[str | None, typer.Option(metavar="CLEVER_ID", help="A student or teacher.")] = None,
    section: Annotated[str | None, typer.Option(metavar="CLEVER_ID", help="A class.")] = None,
    email: Annotated[str | None, typer.Option(metavar="E", help="Whoever has this address, here or in Clever.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """The chain of evidence for one person or class, and whose move is next. Give one of the three."""
    asked = {name: value for name, value in (("person", person), ("section", section), ("email", email)) if value}
    if len(asked) != 1:
        raise CannotStart("Ask for one of --person CLEVER_ID, --section CLEVER_ID and --email E.")
    settings = read_settings()
    evidence = Evidence(open_product(settings), settings.districts_folder)
    found: tuple[Item, ...] = ()
    if email:
        answer = why_email(evidence, email)
        found, chains = answer.found, answer.chains
    else:
        chains = why_person(evidence, person) if person else why_section(evidence, section or "")
    if as_json:
        show_json({**asked, "found": [asdict(item) for item in found], "chains": [asdict(chain) for chain in chains]})
    else:
        _show(found, chains)


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
