"""undo: putting back what a sync changed; and what every correction needs, its district's lock and the snapshot."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

import duckdb
import sqlalchemy as sa
import typer
from sqlalchemy import Connection, Engine

from roster_pipeline.cli.corrected import corrected_words
from roster_pipeline.cli.screen import AsJson, complain, say, show_json
from roster_pipeline.corrections.resolve import Decided, DecidedAll
from roster_pipeline.corrections.summary import Corrected, count_corrected
from roster_pipeline.corrections.undo import Undone, undo_sync
from roster_pipeline.errors import CorrectionRefused, RosterError
from roster_pipeline.model.text import LINE_MAX_CHARS, make_label
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import district_lock, open_product, transaction
from roster_pipeline.product.organizations import record_snapshot
from roster_pipeline.product.tables import organizations, syncs
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.snapshot import write_snapshot

Result = TypeVar("Result", Decided, DecidedAll, Undone)
LARGEST = 2**63 - 1
SHOWN = 20
"""Rows listed on the screen; --json lists all."""


@dataclass(frozen=True)
class Done(Generic[Result]):
    """What came of a correction, and what it did as people count it."""

    done: Result
    corrected: tuple[Corrected, ...]


def register(app: typer.Typer) -> None:
    app.command("undo")(undo)


def undo(
    sync: Annotated[
        int,
        typer.Argument(metavar="SYNC", min=1, max=LARGEST, help="The sync's number, as roster-pipeline sync says it."),
    ],
    school: Annotated[str | None, typer.Option(help="Clever's id of the one school to put back.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Put back what a sync changed. Rows that were changed since stay as they are and are listed."""
    done = correct(syncs, sync, "sync", lambda pg, at: undo_sync(pg, sync, at, school=school))
    if as_json:
        answer = {**vars(done.done), "summary": corrected_words(done.corrected)} if done else {}
        show_json({"undoes": sync, "nothing_to_do": done is None, **answer})
    elif done is None:
        say(f"Sync {sync} is undone already{f' for school {school}' if school else ''}. There is nothing to do.")
    else:
        _say_undone(sync, done)


def whoever_asks() -> str:
    """The user of this machine, as its user list has it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


@contextmanager
def alone_with(engine: Engine, district_id: str) -> Iterator[None]:
    """Hold the district's lock, so that what a person decides falls between two syncs and not into one."""
    waiting = f"A sync of district {district_id} is running; waiting for it to end."
    with district_lock(engine, district_id, on_wait=lambda: complain(waiting)):
        yield


def _say_undone(sync: int, done: Done[Undone]) -> None:
    undone = done.done
    say(f"Sync {sync} is undone, as sync {undone.sync_id}.")
    say(
        corrected_words(done.corrected) if undone.counts else "Nothing was put back: nothing of what it wrote was left."
    )
    for skipped in undone.skipped[:SHOWN]:
        key = ", ".join(f"{column} {value}" for column, value in skipped["key"].items())
        what = f"{skipped['entity']} {skipped.get('column', '')}".strip()
        complain(f"Changed since, so left as it is: {what} of {key}")
    if len(undone.skipped) > SHOWN:
        complain(f"… and {len(undone.skipped) - SHOWN:,} more; --json lists them all.")
    say(f"The next sync publishes what Clever says again. To take the undo back: roster-pipeline undo {undone.sync_id}")


def correct(
    table: sa.Table, key: int, what: str, change: Callable[[Connection, datetime], Result | None]
) -> Done[Result] | None:
    """Make one change by hand to the district of a row of `table`; None if there was nothing to do."""
    settings = read_settings()
    with transaction(open_product(settings)) as pg:
        district_id = _district_of(pg, table, key, what)
    return correct_district(settings, district_id, change)


def correct_district(
    settings: Settings, district_id: str, change: Callable[[Connection, datetime], Result | None]
) -> Done[Result] | None:
    """Make one change by hand to a district, with its lock held; then renew the snapshot."""
    engine = open_product(settings)
    with alone_with(engine, district_id):
        at = datetime.now(UTC)
        done = write_product(engine, lambda pg: change(pg, at))
        if done is None:
            return None
        with transaction(engine) as pg:
            corrected, touched = count_corrected(pg, done.sync_id), _organizations_of(pg, done.sync_id)
        for organization in touched:
            is_other = organization.clever_district_id != district_id
            _renew_snapshot(settings, organization, done.sync_id, at, is_other=is_other)
    return Done(done, corrected)


def _organizations_of(pg: Connection, sync_id: int) -> list[sa.Row[Any]]:
    """The organizations that a correction wrote: its own, and those that an account was moved from or back to."""
    own = pg.execute(sa.select(syncs.c.organization_id, syncs.c.counts).where(syncs.c.id == sync_id)).one()
    touched = [own.organization_id, *own.counts.get("from_organizations", [])]
    columns = sa.select(organizations.c.id, organizations.c.clever_district_id)
    return list(pg.execute(columns.where(organizations.c.id.in_(touched)).order_by(organizations.c.id)))


def _renew_snapshot(
    settings: Settings, district: sa.Row[Any], sync_id: int, at: datetime, *, is_other: bool = False
) -> None:
    """Write the analysts' file; if that fails, what was decided stands all the same, and the product keeps the failure.

    Args:
        is_other: the correction is of another district, so this one's syncs do not tell what it wrote.
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
        complain(f"It is done, as sync {sync_id}; only the snapshot waits for the next sync ({type(error).__name__}).")
    with suppress(RosterError), transaction(engine) as pg:
        record_snapshot(pg, district.id, at, failure=failure)


def _district_of(pg: Connection, table: sa.Table, key: int, what: str) -> str:
    found = pg.execute(
        sa.select(organizations.c.clever_district_id)
        .join_from(table, organizations, table.c.organization_id == organizations.c.id)
        .where(table.c.id == key)
    ).scalar()
    if found is None:
        raise CorrectionRefused(f"There is no {what} {key}.")
    return str(found)
