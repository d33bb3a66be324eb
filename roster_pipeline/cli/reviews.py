"""The command reviews: people whose identity someone has to decide, why, and what each decision does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

import typer

from roster_pipeline.cli.screen import AsJson, say, show_json, show_table
from roster_pipeline.explain.reviews import Entry, count_reviews, read_open_reviews
from roster_pipeline.messages import operator
from roster_pipeline.model.decisions import DECISIONS
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.settings import read_settings

COLUMNS = tuple(
    operator.text(column)
    for column in (
        operator.mark("review"),
        operator.mark("Clever ID"),
        operator.mark("person"),
        operator.mark("account"),
        operator.mark("suggestion"),
    )
)
ReviewDistrict = Annotated[str | None, typer.Option("--district", help="Clever's ID of one district.")]
Reason = Annotated[str | None, typer.Option(help=f"One reason: {', '.join(DECISIONS)}.")]


def register(app: typer.Typer) -> None:
    app.command("reviews")(reviews)


def reviews(
    district: ReviewDistrict = None,
    reason: Reason = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Show the accounts to review: why, which decision is suggested, and what each decision does."""
    with transaction(open_product(read_settings())) as pg:
        entries = read_open_reviews(pg, district, reason)
    if as_json:
        show_json(entries)
    elif entries:
        show_reviews(entries)
    else:
        say(operator.text("No accounts to review."))


def show_reviews(entries: Sequence[Entry]) -> None:
    """Show a paragraph for each district and reason: its meaning, what each decision does, and the people."""
    for (district_id, reason), group in groupby(entries, key=lambda entry: (entry["district_id"], entry["reason"])):
        _show_group(district_id, reason, list(group))
    say(operator.text("To decide one: roster-pipeline resolve REVIEW --as DECISION"))


def _show_group(district_id: str, reason: str, entries: Sequence[Entry]) -> None:
    number = count_reviews(entries)
    values = {"reason": reason, "district": entries[0]["district"], "district_id": district_id}
    title = operator.count(
        "{n:,} account to review in {district} ({district_id}), reason {reason}",
        "{n:,} accounts to review in {district} ({district_id}), reason {reason}",
        number,
        **values,
    )
    say("", title)
    say(entries[0]["meaning"])
    effects = {(decision, effect) for entry in entries for decision, effect in entry["decisions"].items()}
    for decision, effect in sorted(effects):
        say(f"  {decision}: {effect}")
    show_table(None, COLUMNS, [_cells(entry) for entry in entries])
    if number > 1:
        command = f"roster-pipeline resolve --all --district {district_id} --reason {reason} --as DECISION"
        say(operator.text("To decide all {n:,} alike: {command}", n=number, command=command))


def _cells(entry: Entry) -> tuple[object, ...]:
    """Return an entry as a row of the table. A cell with several values has several lines."""
    return (entry["reviews"], entry["clever_ids"], entry["people"], entry["account"], entry["suggestion"])
