"""Rebuilds a district's file that an earlier version wrote with larger blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roster_pipeline.damaged import log_of, remove
from roster_pipeline.land.warehouse import BLOCK_BYTES, beginning_of, district_file
from roster_pipeline.paths import PRIVATE_FILE

if TYPE_CHECKING:
    import duckdb

    from roster_pipeline.land.session import WarehouseSession


def rebuild_with_usual_blocks(session: WarehouseSession) -> None:
    """Copy a district's file into a new one if its blocks do not have the usual size, and replace it by the copy.

    A process that is killed leaves the file as it was.

    Raises:
        FileDamaged: The file is damaged.
    """
    file = district_file(session.folder, session.district_id, is_preview=session.is_preview)
    copy = beginning_of(file)
    with session.open() as con:
        if _read_block_size(con) == BLOCK_BYTES:
            return
        remove(copy)
        _copy_database(con, str(copy))
    session.close()
    remove(log_of(copy))
    copy.chmod(PRIVATE_FILE)
    copy.replace(file)


def _read_block_size(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute(
        "SELECT block_size FROM pragma_database_size() WHERE database_name = current_database()"
    ).fetchone()
    assert row is not None  # the current database is always in the list
    return int(row[0])


def _copy_database(con: duckdb.DuckDBPyConnection, file: str) -> None:
    row = con.execute("SELECT current_database()").fetchone()
    assert row is not None  # a SELECT without a table always returns one row
    con.execute(f"ATTACH $file AS rebuilt (BLOCK_SIZE {BLOCK_BYTES})", {"file": file})
    try:
        con.execute(f'COPY FROM DATABASE "{row[0]}" TO rebuilt')
    finally:
        con.execute("DETACH rebuilt")
