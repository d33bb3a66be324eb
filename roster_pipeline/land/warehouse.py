"""The DuckDB files of a district: its own file, the copy for a preview, and the workspace of a delta sync."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING

import duckdb

from roster_pipeline.damaged import as_damage, is_damage, is_in_use, log_of, refusal_of, remove
from roster_pipeline.errors import DistrictUnknown, FileOutdated, RosterError
from roster_pipeline.model.clever_id import is_clever_id
from roster_pipeline.model.queries import define_macros
from roster_pipeline.paths import PRIVATE_FILE, private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEMORY, THREADS = "512MB", 2
"""The limits of DuckDB. Rows that do not fit are written to a folder beside the file."""
SMALL_THREADS = 1
"""The threads for a small file. A second thread takes longer to wake than a stage of a small district takes."""
DELTA_MEMORY = "96MB"
"""The memory of a delta sync with at most `FEW_PEOPLE`. Each column of a table takes memory, however few its rows."""
SMALL_FILE_BYTES = 16_000_000
"""The size up to which a file stays open."""
BLOCK_BYTES = 16_384
"""The size of a block in a file. Each column of each table takes at least a block, so the 256 KB that DuckDB takes by
default make the file of 300 students eleven times as large."""
FEW_PEOPLE = 5_000
"""The people of a small district, or the affected people of a small delta sync. One changed term affects everyone in
its classes, who may be everyone in the district."""


@contextmanager
def open_warehouse(
    folder: Path, district_id: str, *, memory_limit: str = MEMORY, is_preview: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the DuckDB file of a district for this process alone. Create the file if it is missing.

    Args:
        folder: The folder of the files of all districts. It is created if it is missing.
        memory_limit: As `MEMORY`.
        is_preview: Open the copy that a preview works on.

    Raises:
        DistrictUnknown: The id is not an id of Clever. It becomes a file name, so it is checked.
        FileDamaged: The file is damaged, as it is opened or later. It stays where it is.
        FileOutdated: An earlier version wrote the file.
        RosterError: Another process holds the file, or the file cannot be opened.
    """
    file = district_file(folder, district_id, is_preview=is_preview)
    private_folder(folder)
    if not file.exists():
        _create(file, district_id)
    threads = SMALL_THREADS if is_small(folder, district_id, is_preview=is_preview) else THREADS
    with as_damage(file, title(district_id)), _opened(folder, district_id, file, memory_limit, threads) as con:
        if _is_outdated(con):
            raise FileOutdated(file, f"{title(district_id)} was written by an earlier version")
        yield con


def is_small(folder: Path, district_id: str, *, is_preview: bool = False) -> bool:
    """Return whether a district's file is so small that DuckDB needs neither much memory nor a second thread for it."""
    file = district_file(folder, district_id, is_preview=is_preview)
    return not file.exists() or file.stat().st_size <= SMALL_FILE_BYTES


@contextmanager
def open_workspace(folder: Path, district_id: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the workspace of a delta sync, with the district's file attached as `warehouse`.

    Raises:
        DistrictUnknown, FileDamaged, RosterError: As in `open_warehouse`. The errors of DuckDB do not tell which of the
            two files is damaged. The district's file is named, because the workspace ends with the run.
    """
    warehouse, workspace = district_file(folder, district_id), workspace_file(folder, district_id)
    with (
        as_damage(warehouse, title(district_id)),
        _opened(folder, district_id, workspace, DELTA_MEMORY, SMALL_THREADS) as con,
    ):
        raise_limits(con, _count_affected_people(con))
        with _refusing(district_id):
            con.execute("ATTACH $file AS warehouse", {"file": str(warehouse)})
        yield con


def open_working_file(
    folder: Path, district_id: str, *, is_preview: bool = False
) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """Open the database of a run: the workspace while there is one, or else the district's file or its copy."""
    if workspace_file(folder, district_id).exists():
        return open_workspace(folder, district_id)
    return open_warehouse(folder, district_id, is_preview=is_preview)


def can_stay_open(folder: Path, district_id: str, *, is_preview: bool = False) -> bool:
    """Return whether the database of a run needs so little memory that it can stay open between the steps."""
    return workspace_file(folder, district_id).exists() or is_small(folder, district_id, is_preview=is_preview)


def raise_limits(con: duckdb.DuckDBPyConnection, people: int) -> None:
    """Set the limits of a large district if a sync is about many people."""
    if people > FEW_PEOPLE:
        con.execute(f"SET memory_limit = '{MEMORY}'")
        con.execute(f"SET threads = {THREADS}")


def _count_affected_people(con: duckdb.DuckDBPyConnection) -> int:
    try:
        row = con.execute("SELECT count(*) FROM affected.people").fetchone()
    except duckdb.CatalogException:  # the workspace is not built yet
        return 0
    return int(row[0]) if row else 0


def workspace_file(folder: Path, district_id: str) -> Path:
    """Return the path of the workspace, which exists only while a delta sync of the district runs."""
    return folder / f"{district_id}.delta.duckdb"


def discard_workspace(folder: Path, district_id: str) -> None:
    """Remove the workspace and the files that a killed process left beside it."""
    for left_behind in folder.glob(f"{district_id}.delta.duckdb*"):
        remove(left_behind)


def district_file(folder: Path, district_id: str, *, is_preview: bool = False) -> Path:
    """Return the path of a district's DuckDB file, or of the copy that a preview works on.

    Raises:
        DistrictUnknown: The id is not an id of Clever.
    """
    if not is_clever_id(district_id):
        raise DistrictUnknown("A district is named by Clever's id for it, 24 characters of 0-9 and a-f.")
    return folder / f"{district_id}{'.preview' if is_preview else ''}.duckdb"


def beginning_of(file: Path) -> Path:
    """Return the path under which a new file is written before it takes its name."""
    return file.with_suffix(".new")


def title(district_id: str) -> str:
    """Return the name of the file in messages."""
    return f"District {district_id}'s file"


def _is_outdated(con: duckdb.DuckDBPyConnection) -> bool:
    """Return whether a file has raw tables of an earlier version, which recorded no load audit."""
    try:
        con.execute("SELECT 1 FROM raw.load_audit LIMIT 0")
    except duckdb.CatalogException:
        row = con.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = 'raw'"
        ).fetchone()
        return bool(row and row[0])
    return False


def _create(file: Path, district_id: str) -> None:
    """Create an empty file under another name and rename it, so that a kill or a full disk leaves no partial file."""
    beginning = beginning_of(file)
    remove(beginning)
    with _refusing(district_id):
        duckdb.connect(beginning, config={"default_block_size": BLOCK_BYTES}).close()
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
        "default_block_size": BLOCK_BYTES,
        "preserve_insertion_order": False,
        "temp_directory": str(temporary),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # A change above this size is written into the file at once, a smaller one first into the log. A sync replaces
        # whole tables, and writing them twice takes a tenth longer.
        "checkpoint_threshold": "1MB",
    }
    with _refusing(district_id):
        con = duckdb.connect(file, config=options)
    with con:
        file.chmod(PRIVATE_FILE)  # a workspace is new, and no row is in it yet
        # The file is open for this process alone, so the files that a killed process left beside it are not in use.
        with suppress(OSError):
            remove(temporary)
        con.execute("SET enable_progress_bar = false")
        define_macros(con)
        yield con


@contextmanager
def one_transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit the statements of a block together, or roll them back if the block raises."""
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
    """Raise in one line why a sound file cannot be opened. Errors of a damaged file are left to `as_damage`."""
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
