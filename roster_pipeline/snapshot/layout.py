"""How `latest.duckdb` is stored: its tables and views, its storage version, and an older file made into one of today.

Only history tables are stored; `people` and the others are views of their open rows. No view names a catalog, because
an analyst who attaches the file chooses its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from roster_pipeline.paths import PRIVATE_FILE
from roster_pipeline.snapshot.tables import PUBLISHED, TABLES, Published

STORAGE = "v1.0.0"
"""The oldest storage version that DuckDB writes: DuckDB 1.0 and every later one read it."""


@contextmanager
def opened(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file of the next version, open for writing; made for its owner alone if it is missing."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "512MB",
        "threads": 2,
        "autoinstall_known_extensions": False,
        "temp_directory": f"{file}.tmp",
        "storage_compatibility_version": STORAGE,
    }
    with duckdb.connect(file, config=config) as con:
        file.chmod(PRIVATE_FILE)  # before a row is in it
        con.execute("set enable_progress_bar = false; set timezone = 'UTC'")
        yield con


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables and views that are missing."""
    for table in TABLES:
        columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
        con.execute(
            f"create table if not exists {table.name}_history (district_id VARCHAR, {columns}, "
            "valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ, sync_id BIGINT)"
        )
        con.execute(
            f"create view if not exists {table.name} as select * exclude (valid_from, valid_to, sync_id) "
            f"from {table.name}_history where valid_to is null"
        )


def is_current(file: Path) -> bool:
    """Whether a file has the storage version and the columns of today, as far as it has the tables."""
    with opened(file) as con:
        here = "from duckdb_databases() where database_name = current_database()"
        (version,) = con.execute(f"select tags['storage_version'] {here}").fetchall()[0]
        return str(version).startswith(STORAGE) and all(_has_columns(con, table) for table in TABLES)


def convert(before: Path, file: Path) -> None:
    """Write the history that one file holds into a new one.

    A column that is new is empty there. In that case the syncs are left out, so that no district looks up to date and
    each is read as a whole.
    """
    with opened(file) as con:
        create_tables(con)
        con.execute("attach $file as before (read_only)", {"file": str(before)})
        is_same = all(_columns(con, table, "before") == _expected(table) for table in TABLES)
        for table in TABLES if is_same else PUBLISHED:
            if shared := [one for one in _columns(con, table, "before") if one in _expected(table)]:
                rows = f"select {', '.join(shared)} from before.{table.name}_history"
                con.execute(f"insert into {table.name}_history by name {rows}")
        con.execute("detach before")
        con.execute("checkpoint")


def _has_columns(con: duckdb.DuckDBPyConnection, table: Published) -> bool:
    return _columns(con, table) in ([], _expected(table))


def _columns(con: duckdb.DuckDBPyConnection, table: Published, catalog: str | None = None) -> list[str]:
    """The names of a stored table's columns, in their order; none where there is no such table."""
    rows = con.execute(
        "select column_name from duckdb_columns() where table_name = $table "
        "and database_name = coalesce($catalog, current_database()) order by column_index",
        {"table": f"{table.name}_history", "catalog": catalog},
    )
    return [str(name) for (name,) in rows.fetchall()]


def _expected(table: Published) -> list[str]:
    return ["district_id", *table.columns, "valid_from", "valid_to", "sync_id"]
