"""`latest.duckdb` itself, which is never written in place: a copy is brought up to date beside it and swapped in whole.

So it opens at all times, and a reader keeps the state that it opened. Only history tables are stored; `people` and the
others are views of their open rows.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from roster_pipeline.snapshot.tables import TABLES, Published

LATEST = "latest.duckdb"


@contextmanager
def next_version(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The next `latest.duckdb`, open for writing; it replaces the last one only if all went well."""
    following = folder / ".next.duckdb"
    _clear(folder)  # a killed process may have left its own
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "512MB",
        "threads": 2,
        "autoinstall_known_extensions": False,
        "temp_directory": str(folder / ".next.duckdb.tmp"),
    }
    try:
        if (folder / LATEST).exists():
            _copy(folder / LATEST, following)
        with duckdb.connect(following, config=config) as con:
            con.execute("set enable_progress_bar = false; set timezone = 'UTC'")
            con.begin()
            for table in TABLES:
                _create(con, table)
            yield con
            con.commit()
            con.execute("checkpoint")  # closing does so too, and says nothing if the disk is full
        if (folder / LATEST).exists():
            shutil.copymode(folder / LATEST, following)
        following.replace(folder / LATEST)
    finally:
        _clear(folder)


def _clear(folder: Path) -> None:
    for left_behind in folder.glob(".next.duckdb*"):
        shutil.rmtree(left_behind) if left_behind.is_dir() else left_behind.unlink()


def _copy(source: Path, target: Path) -> None:
    """Inside the kernel, where it can: a file system that shares blocks copies none."""
    try:
        with source.open("rb") as read, target.open("wb") as written:
            while os.copy_file_range(read.fileno(), written.fileno(), source.stat().st_size):
                pass
    except (AttributeError, OSError):  # not every system has it, nor every pair of file systems
        shutil.copyfile(source, target)


def _create(con: duckdb.DuckDBPyConnection, table: Published) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
    con.execute(
        f"create table if not exists {table.name}_history (district_id VARCHAR, {columns}, "
        "valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ, sync_id BIGINT)"
    )
    con.execute(
        f"create view if not exists {table.name} as select * exclude (valid_from, valid_to, sync_id) "
        f"from {table.name}_history where valid_to is null"
    )
