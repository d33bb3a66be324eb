"""The command why: explains one person or class."""

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

from roster_pipeline.clever import read_last_upload
from roster_pipeline.cli.screen import AsJson, out, plain, show_json
from roster_pipeline.errors import CannotStart
from roster_pipeline.explain.district_file import retry_when_damaged
from roster_pipeline.explain.email import explain_email
from roster_pipeline.explain.freshness import Change
from roster_pipeline.explain.report import Evidence, explain_person, explain_section
from roster_pipeline.explain.steps import Explanation, Item, Step
from roster_pipeline.messages import operator
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.settings import read_settings

MOST_ITEMS = 12
"""Lines that are shown below one step. The JSON has all of them."""
STYLES = {"ok": "green", "waiting": "yellow", "stopped": "red", "ended": "dim", "unknown": "dim"}
TITLES = {
    "In Clever": operator.mark("In Clever"),
    "Read": operator.mark("Read"),
    "Checked": operator.mark("Checked"),
    "Identity": operator.mark("Identity"),
    "Account": operator.mark("Account"),
    "Organization": operator.mark("District"),
    "School": operator.mark("School"),
    "Class": operator.mark("Class"),
    "Schools": operator.mark("Schools"),
    "Classes": operator.mark("Classes"),
    "Teachers": operator.mark("Teachers"),
    "Students": operator.mark("Students"),
    "Waiting": operator.mark("On hold"),
    "Clock": operator.mark("Freshness"),
    "Next": operator.mark("Next step"),
}
"""By the name of a step in the JSON, which is fixed."""
KINDS = {"person": operator.mark("Person"), "section": operator.mark("Class")}


def register(app: typer.Typer) -> None:
    app.command("why")(why)


def why(
    person: Annotated[str | None, typer.Option(metavar="CLEVER_ID", help="A student or teacher.")] = None,
    section: Annotated[str | None, typer.Option(metavar="CLEVER_ID", help="A class.")] = None,
    email: Annotated[str | None, typer.Option(metavar="E", help="Everyone with this email, here or in Clever.")] = None,
    changed_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="When it was changed in the SIS: 09:15 (today, UTC), 2026-11-26T09:15-05:00."
        ),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Explain one person or class: what Clever shares, what is published, and the next step. Give one of the three.

    With --changed-at: how far a change of that time has come, to Clever, to us, or into the product.
    """
    options = {name: value for name, value in (("person", person), ("section", section), ("email", email)) if value}
    if len(options) != 1:
        raise CannotStart(operator.text("Give one of --person CLEVER_ID, --section CLEVER_ID and --email E."))
    settings, now = read_settings(), datetime.now(UTC)
    change = Change(parse_time(changed_at, now), now, partial(read_last_upload, settings)) if changed_at else None
    evidence = Evidence(partial(transaction, open_product(settings)), settings.districts_folder, now, change=change)
    holders: tuple[Item, ...] = ()
    if email:
        answer = retry_when_damaged(lambda: explain_email(evidence, email))
        holders, explanations = answer.holders, answer.explanations
    elif person:
        explanations = retry_when_damaged(lambda: explain_person(evidence, person))
    else:
        explanations = retry_when_damaged(lambda: explain_section(evidence, section or ""))
    if as_json:
        lists = {
            "found": [asdict(item) for item in holders],
            "chains": [asdict(explanation) for explanation in explanations],
        }
        show_json({**options, **lists})
    else:
        _show(holders, explanations)


def parse_time(text: str, now: datetime) -> datetime:
    """Return the time that a user gave: `HH:MM` of today, or ISO 8601; in UTC if it names no zone.

    Raises:
        CannotStart: the text is no time, or the time is later than now.
    """
    with suppress(ValueError):
        moment = datetime.fromisoformat(f"{now:%Y-%m-%d}T{text:0>5}" if re.fullmatch(r"\d{1,2}:\d\d", text) else text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if moment <= now:
            return moment
        raise CannotStart(
            operator.text(
                "{time} is in the future: it is {now} now. Give the date too, or a zone: 2026-11-26T09:15-05:00.",
                time=operator.time(moment, "UTC", now),
                now=operator.time(now, "UTC", now),
            )
        )
    raise CannotStart(operator.text("--changed-at is a time such as 09:15 (today, UTC) or 2026-11-26T09:15-05:00."))


def _show(holders: Sequence[Item], explanations: Sequence[Explanation]) -> None:
    if holders:
        table = _table()
        for item in holders[:MOST_ITEMS]:
            table.add_row(Text(item.state), Text(), plain(item.says))
        out.print(Text(operator.text("Who has this email")), table, sep="\n")
    for explanation in explanations:
        title = operator.text(
            "{kind} {clever_id} of {district}, {district_id}",
            kind=operator.text(KINDS[explanation.kind]),
            clever_id=explanation.clever_id,
            district=explanation.district_name,
            district_id=explanation.district_id,
        )
        out.print()
        out.print(plain(title))
        table = _table()
        for step in explanation.steps:
            _add_step(table, step)
        out.print(table)


def _add_step(table: Table, step: Step) -> None:
    title = operator.text(TITLES[step.name])
    table.add_row(Text(step.state, style=STYLES[step.state]), Text(title), plain(step.says))
    for item in step.items[:MOST_ITEMS]:
        table.add_row(Text(), Text(f"  {item.state}"), plain(item.says))
    more = len(step.items) - MOST_ITEMS
    if more > 0:
        table.add_row(Text(), Text("  …"), Text(operator.text("and {n:,} more; --json lists them all", n=more)))
    if command := step.facts.get("command"):
        table.add_row(Text(), Text(operator.text("  run")), plain(str(command)))


def _table() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=max(map(len, STYLES)))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table
