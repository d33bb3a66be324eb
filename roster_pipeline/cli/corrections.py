"""resolve, undo: what a person decides about somebody's identity, and putting back what a sync changed."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

import duckdb
import sqlalchemy as sa
import typer
from sqlalchemy import Connection, Engine

from roster_pipeline.cli.screen import AsJson, complain, say, show_json, show_table
from roster_pipeline.errors import CorrectionRefused, RosterError
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import district_lock, open_product, transaction
from roster_pipeline.product.tables import organizations, reviews, syncs
from roster_pipeline.publish.resolve import Decided, resolve_review
from roster_pipeline.publish.undo import Undone, undo_sync
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.snapshot import write_snapshot

Decision = Literal["link", "create", "relink", "same", "different"]
Done = TypeVar("Done", Decided, Undone)
LARGEST = 2**63 - 1
SHOWN = 20
"""Rows listed on the screen; --json lists all."""


def register(app: typer.Typer) -> None:
    app.command("resolve")(resolve)
    app.command("undo")(undo)


def resolve(
    review: Annotated[
        int,
        typer.Argument(metavar="REVIEW", min=1, max=LARGEST, help="The review's number; see roster-pipeline reviews."),
    ],
    decision: Annotated[
        Decision,
        typer.Option(
            "--as",
            help="link, relink, same: the person is that account. create, different: the person is somebody else.",
        ),
    ],
    by: Annotated[str | None, typer.Option(help="Who decides; the user of this machine if not given.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Decide who somebody is. Links and memberships move at once; later syncs keep to it; undo reverses it."""
    decided_by = by or whoever_asks()
    decided = _correct(
        reviews, review, "review", lambda pg, at: resolve_review(pg, review, decision, decided_by=decided_by, at=at)
    )
    assert decided is not None  # a decision that cannot be made is refused
    if as_json:
        show_json({"review": review, "decision": decision, "decided_by": decided_by, **vars(decided)})
        return
    say(f"Review {review} is resolved as {decision}: {decided.clever_id} is account {decided.account_id}.")
    _show_counts(decided.counts)
    say(f"To reverse it: roster-pipeline undo {decided.sync_id}")


def undo(
    sync: Annotated[
        int,
        typer.Argument(metavar="SYNC", min=1, max=LARGEST, help="The sync's number, as roster-pipeline sync says it."),
    ],
    school: Annotated[str | None, typer.Option(help="Clever's id of the one school to put back.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Put back what a sync changed. Rows that were changed since stay as they are and are listed."""
    undone = _correct(syncs, sync, "sync", lambda pg, at: undo_sync(pg, sync, at, school=school))
    if as_json:
        show_json({"undoes": sync, "nothing_to_do": undone is None, **(vars(undone) if undone else {})})
    elif undone is None:
        say(f"Sync {sync} is undone already{f' for school {school}' if school else ''}. There is nothing to do.")
    else:
        _say_undone(sync, undone)


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


def _say_undone(sync: int, undone: Undone) -> None:
    say(f"Sync {sync} is undone, as sync {undone.sync_id}.")
    _show_counts(undone.counts)
    if not undone.counts:
        say("No row was put back: nothing of what it wrote was left.")
    for skipped in undone.skipped[:SHOWN]:
        key = ", ".join(f"{column} {value}" for column, value in skipped["key"].items())
        what = f"{skipped['entity']} {skipped.get('column', '')}".strip()
        complain(f"Changed since, so left as it is: {what} of {key}")
    if len(undone.skipped) > SHOWN:
        complain(f"… and {len(undone.skipped) - SHOWN:,} more; --json lists them all.")
    say(f"The next sync publishes what Clever says again. To take the undo back: roster-pipeline undo {undone.sync_id}")


def _show_counts(counts: dict[str, dict[str, int]]) -> None:
    rows = [(entity, op, f"{count:,}") for entity, ops in counts.items() for op, count in ops.items()]
    if rows:
        show_table(None, ["rows of", "how", "count"], rows)


def _correct(
    table: sa.Table, key: int, what: str, change: Callable[[Connection, datetime], Done | None]
) -> Done | None:
    """Make one change by hand to the district of a row of `table`, with its lock held; then renew the snapshot."""
    settings = read_settings()
    engine = open_product(settings)
    with transaction(engine) as pg:
        district = _district_of(pg, table, key, what)
    with alone_with(engine, district.clever_district_id):
        at = datetime.now(UTC)
        done = write_product(engine, lambda pg: change(pg, at))
        if done:
            _renew_snapshot(settings, district, done.sync_id, at)
    return done


def _renew_snapshot(settings: Settings, district: sa.Row[Any], sync_id: int, at: datetime) -> None:
    """For analysts; if it cannot be, what was decided stands all the same."""
    try:
        with transaction(open_product(settings), one_view=True) as pg:
            write_snapshot(
                pg,
                settings.snapshots_folder,
                district_id=district.clever_district_id,
                organization_id=district.id,
                sync_id=sync_id,
                at=at,
            )
    except (RosterError, duckdb.Error, OSError) as error:
        complain(f"It is done, as sync {sync_id}; only the snapshot waits for the next sync ({type(error).__name__}).")


def _district_of(pg: Connection, table: sa.Table, key: int, what: str) -> sa.Row[Any]:
    found = pg.execute(
        sa.select(organizations.c.id, organizations.c.clever_district_id)
        .join_from(table, organizations, table.c.organization_id == organizations.c.id)
        .where(table.c.id == key)
    ).one_or_none()
    if found is None:
        raise CorrectionRefused(f"There is no {what} {key}.")
    return found
