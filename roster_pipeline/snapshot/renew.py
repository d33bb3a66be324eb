"""Brings the snapshot up to date in passes.

One pass takes in every organization with news: each sync that PostgreSQL has and the file has not. It follows the
journal of these syncs, so the file is the same whether one pass takes in many syncs or each has a pass of its own. A
pass that is killed leaves the file as it was, and the next pass continues from what the file knows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine

from roster_pipeline.damaged import move_aside
from roster_pipeline.errors import (
    FileDamaged,
    PseudonymKeyUnusable,
    RosterError,
    SnapshotBusy,
    SnapshotUnwritable,
    is_interruption,
)
from roster_pipeline.model.text import LINE_MAX_CHARS, make_label
from roster_pipeline.paths import PRIVATE_FILE, private_folder
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import record_snapshot, record_snapshot_failure
from roster_pipeline.pseudonyms.key_records import open_keys
from roster_pipeline.pseudonyms.keys import PseudonymKey, define_person_ids
from roster_pipeline.settings import Settings
from roster_pipeline.snapshot.file import LATEST, NEXT, TARGET, clear_next, next_version
from roster_pipeline.snapshot.known import list_known
from roster_pipeline.snapshot.layout import attach_for_reading, is_current
from roster_pipeline.snapshot.parquet import GRACE, renew_parquet
from roster_pipeline.snapshot.person_ids import has_present_keys
from roster_pipeline.snapshot.read import find_news, open_workspace, read_rows, shape_rows
from roster_pipeline.snapshot.tables import FILES, TABLES, SnapshotFile
from roster_pipeline.snapshot.write import write_rows

_log = logging.getLogger(__name__)
UNREAD = object()
"""Stands for what the file knows before anything was read."""
LARGE_QUERIES = {"jit": "off", "work_mem": "64MB"}
"""Settings of PostgreSQL for a pass. Its queries read many rows with simple expressions."""
LOCK_SECONDS = 900
"""The longest wait for another pass."""


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
    """Bring both files `latest.duckdb` up to date with PostgreSQL. Record in the product whether that succeeded.

    A file that is absent, damaged or of an earlier version is written anew.

    Args:
        at: The time now.
        warn: Called with a sentence if the file was damaged.

    Raises:
        SnapshotUnwritable: The disk or the folder refuses the file.
        PseudonymKeyUnusable: The key of a district is missing or damaged.
        RosterError: PostgreSQL refuses, another process writes to the file, or the new file does not open.
    """
    return _run(settings, engine, at, warn, is_new=False)


def rebuild_snapshot(
    settings: Settings, engine: Engine, *, at: datetime, warn: Callable[[str], None] = _log.warning
) -> SnapshotPass:
    """Write both files `latest.duckdb` anew, from PostgreSQL alone. Their history begins where the journal does.

    No byte of a last version is in a new one. Arguments and errors are those of `renew_snapshot`.
    """
    return _run(settings, engine, at, warn, is_new=True)


def has_news(settings: Settings, engine: Engine) -> bool:
    """Return whether a file has not every sync and correction, or has to be written anew, for example for a new key."""
    return any(_has_news(settings, engine, layout) for layout in FILES)


def _has_news(settings: Settings, engine: Engine, layout: SnapshotFile) -> bool:
    latest = settings.snapshots_folder / layout.place / LATEST
    try:
        with (
            open_workspace() as con,
            attach_for_reading(con, latest, TARGET),
            transaction(engine, one_view=True) as pg,
        ):
            define_person_ids(con, open_keys(settings).values())
            is_usable = is_current(con, TARGET, layout) and has_present_keys(con, TARGET)
            return not is_usable or find_news(con, pg, TARGET)
    except (duckdb.Error, PseudonymKeyUnusable):  # the pass says what is wrong with the file or a key
        return True


def _run(
    settings: Settings, engine: Engine, at: datetime, warn: Callable[[str], None], *, is_new: bool
) -> SnapshotPass:
    try:
        # The view of the product comes after the lock. An older view would take back what the last pass wrote.
        with _locked(settings.snapshots_folder):
            with transaction(engine, one_view=True, settings=LARGE_QUERIES) as pg:
                # The keys come after the view of the product, so that every district of the view has one.
                keys = open_keys(settings).values()
                result = write_snapshot(pg, settings.snapshots_folder, keys, at=at, is_new=is_new)
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


def write_snapshot(
    pg: Connection, folder: Path, keys: Collection[PseudonymKey], *, at: datetime, is_new: bool = False
) -> SnapshotPass:
    """Make one pass over both files in a folder.

    Args:
        pg: A transaction of its own with one view of the product.
        keys: The keys of all districts.
        at: The time now, which names a damaged file.
        is_new: Write the whole file anew.

    Raises:
        SnapshotUnwritable, RosterError: As in `renew_snapshot`.
    """
    workspace = folder / f"{NEXT}.tmp"
    with _locked(folder), _without_leftovers(folder), open_workspace(private_folder(workspace)) as con:
        define_person_ids(con, keys)
        reader = _NewsReader(con, pg)
        passes = [_write_file(reader, folder, layout, at=at, is_new=is_new) for layout in FILES]
    concerned = sorted({number for each in passes for number in each.organization_ids})
    return SnapshotPass(tuple(concerned), passes[0].rows, tuple(text for each in passes for text in each.warnings))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder of the snapshot. A thread that holds it may call this again."""
    try:
        for layout in FILES:  # the operator decides who may read data of people
            private_folder(folder / layout.place)
        lock = FileLock(folder / ".lock", LOCK_SECONDS, PRIVATE_FILE, is_singleton=True).acquire()
    except Timeout:
        raise SnapshotBusy(folder) from None
    except OSError as error:
        raise SnapshotUnwritable(folder, error.strerror or type(error).__name__) from None
    with lock:
        yield


@contextmanager
def _without_leftovers(folder: Path) -> Iterator[None]:
    """Remove the files of the next versions after the block, and those of a killed process before it."""
    for layout in FILES:
        clear_next(folder / layout.place)
    try:
        yield
    finally:
        for layout in FILES:
            clear_next(folder / layout.place)


@dataclass
class _NewsReader:
    """Reads the news of the files. Files with the same syncs are written from the same rows."""

    con: duckdb.DuckDBPyConnection
    pg: Connection
    known: object = UNREAD
    has_news: bool = False

    def read(self, catalog: str | None) -> bool:
        """Read what a file does not have. Return whether it has to be written.

        Args:
            catalog: The file, or None for one that is written anew.
        """
        known = None if catalog is None else list_known(self.con, catalog)
        if known != self.known:
            with self.pg.begin_nested() as own:
                self.has_news = find_news(self.con, self.pg, catalog)
                if self.has_news or catalog is None:
                    read_rows(self.con, self.pg)
                own.rollback()  # drops the temporary tables, so that the next file can create them
            self.known = known
        return self.has_news or catalog is None


def _write_file(reader: _NewsReader, folder: Path, layout: SnapshotFile, *, at: datetime, is_new: bool) -> SnapshotPass:
    place = folder / layout.place
    try:
        return _pass(reader, place, layout, is_new=is_new)
    except FileDamaged as damage:
        reader.known = UNREAD  # the transaction of the damaged file may have taken the rows with it
        aside = move_aside(damage.file, at)
        warning = (
            f"snapshots/{damage.file.relative_to(folder)} was damaged. It is moved aside as {aside.name}, and the file "
            "is written anew from PostgreSQL. Its history starts anew where the journal begins."
        )
    return replace(_pass(reader, place, layout, is_new=True), warnings=(warning,))


def _pass(reader: _NewsReader, place: Path, layout: SnapshotFile, *, is_new: bool) -> SnapshotPass:
    con = reader.con
    with next_version(con, place, layout, is_new=is_new) as version:
        if reader.read(None if version.is_new else TARGET):
            shape_rows(con, layout)
            write_rows(con, layout)
            version.is_needed = True
        concerned = con.execute("select organization_id from windows order by all").fetchall()
        return SnapshotPass(tuple(key for (key,) in concerned), _count_rows(con))


def _count_rows(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    counts = ", ".join(f"(select count(*) from {table.name})" for table in TABLES)
    (row,) = con.execute(f"select {counts}").fetchall()
    return dict(zip((table.name for table in TABLES), row, strict=True))
