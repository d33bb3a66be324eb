"""The DuckDB files of a district: its warehouse, the copy for a preview, and the excerpt that a delta sync works on."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING

import duckdb

from roster_pipeline.damaged import as_damage, is_damage, is_in_use, log_of, refusal_of, remove
from roster_pipeline.errors import DistrictUnknown, RosterError
from roster_pipeline.paths import PRIVATE_FILE, private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEMORY, THREADS = "512MB", 2
"""For DuckDB alone; what does not fit is written to a folder beside the file, as far as that is possible."""
DELTA_MEMORY, DELTA_THREADS = "96MB", 1
"""Enough to fold in what came of `FEW` people: every table's columns take some room of their own, however few rows."""
SMALL = 16_000_000
"""Bytes of a file; of a district with 20,000 students."""
FEW = 5_000
"""People in reach. One changed term reaches everybody in its classes, which may be the whole district."""


@contextmanager
def open_warehouse(
    folder: Path, district_id: str, *, memory_limit: str = MEMORY, threads: int = THREADS, is_preview: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The district's own DuckDB file, made if it is missing; held against other processes until closed.

    Args:
        folder: where the files of all districts are, made if it is missing.
        memory_limit: as `MEMORY`.
        is_preview: open the copy that a preview works on.

    Raises:
        DistrictUnknown: the id is none of Clever's. It becomes a file name, so it is not taken on trust.
        FileDamaged: the file is damaged, as it is opened or later. It stays where it is.
        RosterError: another process holds the file, or it cannot be opened.
    """
    file = district_file(folder, district_id, is_preview=is_preview)
    private_folder(folder)
    if not file.exists():
        _make(file, district_id)
    with as_damage(file, title(district_id)), _opened(folder, district_id, file, memory_limit, threads) as con:
        yield con


def is_small(folder: Path, district_id: str, *, is_preview: bool = False) -> bool:
    """Whether a district's DuckDB file is so small that DuckDB never needs much memory for it."""
    file = district_file(folder, district_id, is_preview=is_preview)
    return not file.exists() or file.stat().st_size <= SMALL


@contextmanager
def open_workspace(folder: Path, district_id: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file that a delta sync works on, with the district's warehouse attached as `warehouse`.

    Raises:
        DistrictUnknown, FileDamaged, RosterError: as `open_warehouse`. Which of the two files is damaged cannot be told
            from the errors, so it is said of the warehouse: the excerpt does not outlive the run.
    """
    warehouse, excerpt = district_file(folder, district_id), workspace_file(folder, district_id)
    with (
        as_damage(warehouse, title(district_id)),
        _opened(folder, district_id, excerpt, DELTA_MEMORY, DELTA_THREADS) as con,
    ):
        give_room(con, _people_in_reach(con))
        with _refusing(district_id):
            con.execute("ATTACH $file AS warehouse", {"file": str(warehouse)})
        yield con


def open_working_file(
    folder: Path, district_id: str, *, is_preview: bool = False
) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """What a run works on: the excerpt while there is one, or else the file or its copy; raises as they do."""
    if workspace_file(folder, district_id).exists():
        return open_workspace(folder, district_id)
    return open_warehouse(folder, district_id, is_preview=is_preview)


def can_stay_open(folder: Path, district_id: str, *, is_preview: bool = False) -> bool:
    """Whether what a run works on needs so little memory that it stays open between the steps."""
    return workspace_file(folder, district_id).exists() or is_small(folder, district_id, is_preview=is_preview)


def give_room(con: duckdb.DuckDBPyConnection, people: int) -> None:
    """Let DuckDB have what a full sync has, if so many people in reach make an excerpt as large."""
    if people > FEW:
        con.execute(f"SET memory_limit = '{MEMORY}'")
        con.execute(f"SET threads = {THREADS}")


def _people_in_reach(con: duckdb.DuckDBPyConnection) -> int:
    try:
        row = con.execute("SELECT count(*) FROM affected.people").fetchone()
    except duckdb.CatalogException:  # it is cut only now
        return 0
    return int(row[0]) if row else 0


def workspace_file(folder: Path, district_id: str) -> Path:
    """Where it is; it exists only while a delta sync of the district runs."""
    return folder / f"{district_id}.delta.duckdb"


def discard_workspace(folder: Path, district_id: str) -> None:
    """Remove it, and what a killed process left of it."""
    for left_behind in folder.glob(f"{district_id}.delta.duckdb*"):
        remove(left_behind)


def district_file(folder: Path, district_id: str, *, is_preview: bool = False) -> Path:
    """Where the DuckDB file of a district is, or the copy of it that a preview works on.

    Raises:
        DistrictUnknown: the id is none of Clever's.
    """
    if not re.fullmatch("[0-9a-f]{24}", district_id):
        raise DistrictUnknown("A district is named by Clever's id for it, 24 characters of 0-9 and a-f.")
    return folder / f"{district_id}{'.preview' if is_preview else ''}.duckdb"


def title(district_id: str) -> str:
    """What messages call the file."""
    return f"District {district_id}'s file"


def _make(file: Path, district_id: str) -> None:
    """An empty file, moved in whole: one that a kill or a full disk left half made could never be opened again."""
    beginning = file.with_suffix(".new")
    remove(beginning)
    with _refusing(district_id):
        duckdb.connect(beginning).close()
    remove(log_of(file))
    beginning.chmod(PRIVATE_FILE)
    beginning.replace(file)


@contextmanager
def _opened(
    folder: Path, district_id: str, file: Path, memory_limit: str, threads: int
) -> Iterator[duckdb.DuckDBPyConnection]:
    temporary = folder / f"{district_id}.tmp"
    options: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "threads": threads,
        "preserve_insertion_order": False,
        "temp_directory": str(temporary),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # A change above this size is written into the file at once, a smaller one first into the log. Whole
        # tables are replaced here, and writing them twice takes a tenth longer.
        "checkpoint_threshold": "1MB",
    }
    with _refusing(district_id):
        con = duckdb.connect(file, config=options)
    with con:
        file.chmod(PRIVATE_FILE)  # an excerpt is new, and no row is in it yet
        # The file is ours alone now, and so is whatever a killed process left beside it.
        with suppress(OSError):
            remove(temporary)
        con.execute("SET enable_progress_bar = false")
        yield con


@contextmanager
def one_transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    con.begin()
    try:
        yield
        con.commit()
    except BaseException:
        # A commit that failed, as on a full disk, has rolled back already. Its error must not be hidden by another one.
        with suppress(duckdb.TransactionException):
            con.rollback()
        raise


@contextmanager
def _refusing(district_id: str) -> Iterator[None]:
    """Say in one line why a file cannot be opened that is not damaged. Damage is left to `as_damage`."""
    try:
        yield
    except duckdb.Error as fault:
        if is_damage(fault):
            raise
        if is_in_use(fault):
            why = f"{title(district_id)} is in use by another process; try again when that has ended."
        else:
            why = f"{title(district_id)} cannot be opened ({refusal_of(fault)}). Put that right and sync again."
        raise RosterError(why) from None
