"""The command undo, and what every command that corrects needs: the district of a row and the user who decides."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated

import sqlalchemy as sa
import typer
from sqlalchemy import Connection

from roster_pipeline.cli.screen import AsJson, complain, say, show_json
from roster_pipeline.corrections.run import CorrectionReport, Result, correct_district
from roster_pipeline.corrections.summary_words import describe_correction
from roster_pipeline.corrections.undo import UndoResult, undo_sync
from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.messages import operator, product
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.tables import organizations, syncs
from roster_pipeline.settings import Settings, read_settings

ENTITY_NAMES = {
    "schools": operator.mark("school"),
    "terms": operator.mark("term"),
    "courses": operator.mark("course"),
    "accounts": operator.mark("account"),
    "identity_links": operator.mark("link to an account"),
    "org_memberships": operator.mark("district membership"),
    "school_memberships": operator.mark("school membership"),
    "rosters": operator.mark("class"),
    "roster_teachers": operator.mark("teacher in a class"),
    "roster_students": operator.mark("student in a class"),
    "pending_members": operator.mark("pending member"),
    "reviews": operator.mark("review"),
}
OTHER_RECORD = operator.mark("record")
NOT_FOUND = {"sync": operator.mark("There is no sync {key}."), "review": operator.mark("There is no review {key}.")}
LARGEST = 2**63 - 1
MOST_ROWS = 20
"""Rows on the screen. The JSON has all of them."""


def register(app: typer.Typer) -> None:
    app.command("undo")(undo)


def undo(
    sync: Annotated[
        int,
        typer.Argument(
            metavar="SYNC", min=1, max=LARGEST, help="The number of the sync, as roster-pipeline sync shows it."
        ),
    ],
    school: Annotated[str | None, typer.Option(help="Clever's ID of the one school to put back.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Undo a sync: put back what it changed. Rows that were changed since are left as they are and listed."""
    done = correct(syncs, sync, "sync", lambda pg, at: undo_sync(pg, sync, at, school=school))
    if as_json:
        answer = {**vars(done.result), "summary": describe_correction(done.counts, product())} if done else {}
        show_json({"undoes": sync, "nothing_to_do": done is None, **answer})
    elif done is None:
        say(operator.text("Sync {sync} was already undone. There is nothing to do.", sync=sync))
    else:
        _say_undone(sync, done)


def current_user() -> str:
    """Return the name of the user of this machine."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def _say_undone(sync: int, done: CorrectionReport[UndoResult]) -> None:
    undone = done.result
    say(operator.text("Sync {sync} is undone. The undo is sync {undo}.", sync=sync, undo=undone.sync_id))
    if undone.counts:
        say(describe_correction(done.counts, product()))
    else:
        say(operator.text("Nothing was put back, because nothing of what it wrote was left."))
    if undone.skipped:
        complain(_describe_skipped(undone.skipped))
    for row in undone.skipped[:MOST_ROWS]:
        key = ", ".join(f"{column.replace('_', ' ')} {value}" for column, value in row["key"].items())
        what = operator.text(ENTITY_NAMES.get(row["entity"], OTHER_RECORD))
        complain(f"  {what}: {key}")
    if len(undone.skipped) > MOST_ROWS:
        complain(operator.text("… and {n:,} more; --json lists them all.", n=len(undone.skipped) - MOST_ROWS))
    say(operator.text("The next sync publishes again what Clever says."))
    say(operator.text("To take the undo back: roster-pipeline undo {undo}", undo=undone.sync_id))


def _describe_skipped(skipped: Sequence[object]) -> str:
    return operator.count(
        "{n:,} record was changed since, so it was left as it is:",
        "{n:,} records were changed since, so they were left as they are:",
        len(skipped),
    )


def correct(
    table: sa.Table, key: int, what: str, change: Callable[[Connection, datetime], Result | None]
) -> CorrectionReport[Result] | None:
    """Make a correction to the district of a row of `table`; return None if there was nothing to do."""
    settings = read_settings()
    with transaction(open_product(settings)) as pg:
        district_id = _district_of(pg, table, key, what)
    return correct_own(settings, district_id, change)


def correct_own(
    settings: Settings, district_id: str, change: Callable[[Connection, datetime], Result | None]
) -> CorrectionReport[Result] | None:
    """Make a correction to a district, and say on the terminal what a person should know."""
    engine = open_product(settings)
    return correct_district(settings, engine, district_id, change, now=lambda: datetime.now(UTC), warn=complain)


def _district_of(pg: Connection, table: sa.Table, key: int, what: str) -> str:
    district_id = pg.execute(
        sa.select(organizations.c.clever_district_id)
        .join_from(table, organizations, table.c.organization_id == organizations.c.id)
        .where(table.c.id == key)
    ).scalar()
    if district_id is None:
        raise CorrectionRefused(operator.text(NOT_FOUND[what], key=key))
    return str(district_id)
