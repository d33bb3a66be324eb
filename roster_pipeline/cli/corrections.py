"""The command undo, and what every correction needs: the lock of its district and a new snapshot."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

import duckdb
import sqlalchemy as sa
import typer
from sqlalchemy import Connection, Engine

from roster_pipeline.cli.corrected import describe_correction
from roster_pipeline.cli.screen import AsJson, complain, say, show_json
from roster_pipeline.corrections.resolve import BulkResolution, Resolution
from roster_pipeline.corrections.summary import CorrectionCount, count_correction
from roster_pipeline.corrections.undo import UndoResult, undo_sync
from roster_pipeline.errors import CorrectionRefused, RosterError
from roster_pipeline.messages import operator
from roster_pipeline.model.text import LINE_MAX_CHARS, make_label
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import district_lock, open_product, transaction
from roster_pipeline.product.organizations import record_snapshot
from roster_pipeline.product.tables import organizations, syncs
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.snapshot import write_snapshot

ENTITY_NAMES = {
    "schools": operator.mark("school"),
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
Result = TypeVar("Result", Resolution, BulkResolution, UndoResult)
LARGEST = 2**63 - 1
MOST_ROWS = 20
"""Rows on the screen. The JSON has all of them."""


@dataclass(frozen=True)
class Done(Generic[Result]):
    """The result of a correction, and the counts of what it changed."""

    result: Result
    counts: tuple[CorrectionCount, ...]


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
        answer = {**vars(done.result), "summary": describe_correction(done.counts)} if done else {}
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


@contextmanager
def hold_district(engine: Engine, district_id: str) -> Iterator[None]:
    """Hold the lock of a district, so that a decision falls between two syncs."""
    waiting = operator.text(
        "A sync of district {district_id} is running. Waiting for it to end.", district_id=district_id
    )
    with district_lock(engine, district_id, on_wait=lambda: complain(waiting)):
        yield


def _say_undone(sync: int, done: Done[UndoResult]) -> None:
    undone = done.result
    say(operator.text("Sync {sync} is undone. The undo is sync {undo}.", sync=sync, undo=undone.sync_id))
    if undone.counts:
        say(describe_correction(done.counts))
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
) -> Done[Result] | None:
    """Make a correction to the district of a row of `table`; return None if there was nothing to do."""
    settings = read_settings()
    with transaction(open_product(settings)) as pg:
        district_id = _district_of(pg, table, key, what)
    return correct_district(settings, district_id, change)


def correct_district(
    settings: Settings, district_id: str, change: Callable[[Connection, datetime], Result | None]
) -> Done[Result] | None:
    """Make a correction to a district while holding its lock, then renew the snapshot."""
    engine = open_product(settings)
    with hold_district(engine, district_id):
        at = datetime.now(UTC)
        done = write_product(engine, lambda pg: change(pg, at))
        if done is None:
            return None
        with transaction(engine) as pg:
            counts, touched = count_correction(pg, done.sync_id), _organizations_of(pg, done.sync_id)
        for organization in touched:
            is_other = organization.clever_district_id != district_id
            _renew_snapshot(settings, organization, done.sync_id, at, is_other=is_other)
    return Done(done, counts)


def _organizations_of(pg: Connection, sync_id: int) -> list[sa.Row[Any]]:
    """Return the organizations that a correction wrote: its own, and those that an account moved from or back to."""
    own = pg.execute(sa.select(syncs.c.organization_id, syncs.c.counts).where(syncs.c.id == sync_id)).one()
    touched = [own.organization_id, *own.counts.get("from_organizations", [])]
    columns = sa.select(organizations.c.id, organizations.c.clever_district_id)
    return list(pg.execute(columns.where(organizations.c.id.in_(touched)).order_by(organizations.c.id)))


def _renew_snapshot(
    settings: Settings, district: sa.Row[Any], sync_id: int, at: datetime, *, is_other: bool = False
) -> None:
    """Write the analysts' database. If that fails, the correction stands and the product records the failure.

    Args:
        is_other: the correction is of another district, so the syncs of this one do not show what it wrote.
    """
    engine = open_product(settings)
    failure: str | None = None
    try:
        with transaction(engine, one_view=True) as pg:
            write_snapshot(
                pg,
                settings.snapshots_folder,
                district_id=district.clever_district_id,
                organization_id=district.id,
                sync_id=sync_id,
                at=at,
                warn=complain,
                is_whole=is_other,
            )
    except (RosterError, duckdb.Error, OSError) as error:
        failure = make_label(str(error), LINE_MAX_CHARS) if isinstance(error, RosterError) else type(error).__name__
        complain(
            operator.text(
                "The correction is saved as sync {sync}. "
                "The snapshot was not written ({error}); the next sync writes it.",
                sync=sync_id,
                error=type(error).__name__,
            )
        )
    with suppress(RosterError), transaction(engine) as pg:
        record_snapshot(pg, district.id, at, failure=failure)


def _district_of(pg: Connection, table: sa.Table, key: int, what: str) -> str:
    district_id = pg.execute(
        sa.select(organizations.c.clever_district_id)
        .join_from(table, organizations, table.c.organization_id == organizations.c.id)
        .where(table.c.id == key)
    ).scalar()
    if district_id is None:
        raise CorrectionRefused(operator.text(NOT_FOUND[what], key=key))
    return str(district_id)
