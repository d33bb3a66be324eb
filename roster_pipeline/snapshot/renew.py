"""Brings the snapshot up to date in passes.

One pass takes in every organization with news: each sync that PostgreSQL has and the file has not. It follows the
journal of these syncs, so the file is the same whether one pass takes in many syncs or each has a pass of its own. A
pass that is killed leaves the file as it was, and the next pass continues from what the file knows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from filelock import FileLock
from sqlalchemy import Connection, Engine

from roster_pipeline.damaged import move_aside
from roster_pipeline.errors import FileDamaged, RosterError, SnapshotUnwritable, is_interruption
from roster_pipeline.model.text import LINE_MAX_CHARS, make_label
from roster_pipeline.paths import PRIVATE_FILE, private_folder
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import record_snapshot, record_snapshot_failure
from roster_pipeline.settings import Settings
from roster_pipeline.snapshot.file import LATEST, NEXT, TARGET, clear_next, next_version
from roster_pipeline.snapshot.layout import attach_for_reading, is_current
from roster_pipeline.snapshot.parquet import GRACE, renew_parquet
from roster_pipeline.snapshot.read import find_news, open_workspace, read_rows
from roster_pipeline.snapshot.tables import TABLES
from roster_pipeline.snapshot.write import write_rows

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SnapshotPass:
    """What one pass did.

    Attributes:
        organization_ids: The organizations with news. If there are none, nothing was written.
        rows: How many rows each table has now.
        warnings: Sentences that an operator has to read.
    """

    organization_ids: tuple[int, ...]
    rows: Mapping[str, int]
    warnings: tuple[str, ...] = ()


def renew_snapshot(
    settings: Settings, engine: Engine, *, at: datetime, warn: Callable[[str], None] = _log.warning
) -> SnapshotPass:
    """Bring `latest.duckdb` up to date with PostgreSQL. Record in the product whether that succeeded.

    A file that is absent, damaged or of an earlier version is written anew.

    Args:
        at: The time now.
        warn: Called with a sentence if the file was damaged.

    Raises:
        SnapshotUnwritable: The disk or the folder refuses the file.
        RosterError: PostgreSQL refuses, another process writes to the file, or the new file does not open.
    """
    return _run(settings, engine, at, warn, is_new=False)


def rebuild_snapshot(
    settings: Settings, engine: Engine, *, at: datetime, warn: Callable[[str], None] = _log.warning
) -> SnapshotPass:
    """Write the whole of `latest.duckdb` anew, from PostgreSQL alone. Its history begins where the journal does.

    No byte of the last version is in the new one. Arguments and errors are those of `renew_snapshot`.
    """
    return _run(settings, engine, at, warn, is_new=True)


def has_news(settings: Settings, engine: Engine) -> bool:
    """Return whether a sync or a correction is not in `latest.duckdb` yet, or the file has to be written anew."""
    latest = settings.snapshots_folder / LATEST
    try:
        with (
            open_workspace() as con,
            attach_for_reading(con, latest, TARGET),
            transaction(engine, one_view=True) as pg,
        ):
            return not is_current(con, TARGET) or find_news(con, pg, TARGET)
    except duckdb.Error:  # the pass finds out what is wrong with the file
        return True


def _run(
    settings: Settings, engine: Engine, at: datetime, warn: Callable[[str], None], *, is_new: bool
) -> SnapshotPass:
    try:
        with transaction(engine, one_view=True) as pg:
            result = write_snapshot(pg, settings.snapshots_folder, at=at, is_new=is_new)
        with _locked(settings.snapshots_folder):
            renew_parquet(settings.snapshots_folder, at=at, grace=timedelta() if is_new else GRACE)
    except Exception as error:
        if not is_interruption(error):
            with suppress(RosterError), transaction(engine) as pg:
                record_snapshot_failure(pg, _describe(error))
        raise
    for warning in result.warnings:
        warn(warning)
    with transaction(engine) as pg:
        record_snapshot(pg, result.organization_ids, at)
    return result


def _describe(error: Exception) -> str:
    """Return a failure in one line without a value of any row, which the message of a library may quote."""
    return make_label(str(error), LINE_MAX_CHARS) if isinstance(error, RosterError) else type(error).__name__


def write_snapshot(pg: Connection, folder: Path, *, at: datetime, is_new: bool = False) -> SnapshotPass:
    """Make one pass over `latest.duckdb` in a folder.

    Args:
        pg: A transaction of its own with one view of the product.
        at: The time now, which names a damaged file.
        is_new: Write the whole file anew.

    Raises:
        SnapshotUnwritable, RosterError: As in `renew_snapshot`.
    """
    with _locked(folder), _without_leftovers(folder):
        try:
            return _pass(pg, folder, is_new=is_new)
        except FileDamaged as damage:
            aside = move_aside(damage.file, at)
            warning = (
                f"snapshots/{damage.file.name} was damaged. It is moved aside as {aside.name}, and the file is written "
                "anew from PostgreSQL. Its history starts anew where the journal begins."
            )
        return replace(_pass(pg, folder, is_new=True), warnings=(warning,))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder of the snapshot."""
    try:
        private_folder(folder)  # the operator decides who may read data of people
        lock = FileLock(folder / ".lock", mode=PRIVATE_FILE).acquire()
    except OSError as error:
        raise SnapshotUnwritable(folder, error.strerror or type(error).__name__) from None
    with lock:
        yield


@contextmanager
def _without_leftovers(folder: Path) -> Iterator[None]:
    """Remove the files of a next version after the block, and those of a killed process before it."""
    clear_next(folder)
    try:
        yield
    finally:
        clear_next(folder)


def _pass(pg: Connection, folder: Path, *, is_new: bool) -> SnapshotPass:
    with (
        pg.begin_nested() as own,
        open_workspace(private_folder(folder / f"{NEXT}.tmp")) as con,
        next_version(con, folder, is_new=is_new) as version,
    ):
        has_news = find_news(con, pg, None if version.is_new else TARGET)
        if has_news or version.is_new:
            read_rows(con, pg)
            write_rows(con)
            version.is_needed = True
        concerned = con.execute("select organization_id from windows order by all").fetchall()
        own.rollback()  # drops the temporary tables, so that a second pass of the transaction can create them
        return SnapshotPass(tuple(key for (key,) in concerned), _count_rows(con))


def _count_rows(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    counts = ", ".join(f"(select count(*) from {table.name})" for table in TABLES)
    (row,) = con.execute(f"select {counts}").fetchall()
    return dict(zip((table.name for table in TABLES), row, strict=True))
