"""The tables, the views and the storage version of `latest.duckdb`.

Only history tables are stored. `people` and the others are views of the rows that have not ended, and the macro
`people_as_of(t)` and the others return the rows of a time. A table with present rows alone has no such macro. No view
or macro names a catalog, because an analyst who attaches the file chooses its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import duckdb

from roster_pipeline.model.dictionary import SNAPSHOT, describe_column, describe_table, load_dictionary
from roster_pipeline.model.queries import load_query
from roster_pipeline.paths import PRIVATE_FILE
from roster_pipeline.snapshot.tables import FOLDER, PRESENT_TABLES, VIEWS, SnapshotFile, SnapshotTable

DIGEST = "layout_digest"
"""The macro that returns the digest of the views, macros and comments of a file."""
STORAGE = "v1.0.0"
"""The oldest storage version that DuckDB writes. DuckDB 1.0 and every later version read it."""


@contextmanager
def attach_for_writing(con: duckdb.DuckDBPyConnection, file: Path, name: str) -> Iterator[None]:
    """Attach a file of the snapshot and use it for writing. Create it for its owner alone if it is missing."""
    con.execute(f"attach $file as {name} (storage_version '{STORAGE}')", {"file": str(file)})
    try:
        file.chmod(PRIVATE_FILE)  # before a row is in it
        con.execute(f"use {name}")
        yield
    finally:
        with suppress(duckdb.Error):  # there is a transaction only after an error
            con.rollback()
        con.execute("use memory")
        con.execute(f"detach {name}")


@contextmanager
def attach_for_reading(con: duckdb.DuckDBPyConnection, file: Path, name: str) -> Iterator[None]:
    """Attach a file of the snapshot read-only."""
    con.execute(f"attach $file as {name} (read_only)", {"file": str(file)})
    try:
        yield
    finally:
        con.execute(f"detach {name}")


def create_tables(con: duckdb.DuckDBPyConnection, layout: SnapshotFile) -> bool:
    """Create the missing tables of the file in use, and every view, macro and comment as this version has them.

    A file that has them already is left alone, because hundreds of statements take longer than most updates. Return
    whether anything was created.
    """
    statements = "".join(_definitions(layout))
    digest = sha256(f"{statements}{load_dictionary()}".encode()).hexdigest()
    if _has_layout(con, layout, digest):
        return False
    con.execute(statements)
    con.execute("".join(_comments(con, layout)))
    con.execute(f"create or replace macro {DIGEST}() as '{digest}'")
    return True


def _has_layout(con: duckdb.DuckDBPyConnection, layout: SnapshotFile, digest: str) -> bool:
    """Return whether a file has every view, and the macros and comments of this version."""
    views = "select view_name from duckdb_views() where not internal and database_name = current_database()"
    if not {name for (name,) in con.execute(views).fetchall()} >= {*VIEWS, *(table.name for table in layout.tables)}:
        return False
    try:
        return con.execute(f"select {DIGEST}()").fetchall() == [(digest,)]
    except duckdb.CatalogException:  # the file is of an earlier version
        return False


def _definitions(layout: SnapshotFile) -> Iterator[str]:
    for table in layout.tables:
        columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
        yield (
            f"create table if not exists {table.name}_history (district_id VARCHAR, {columns}, "
            "valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ, sync_id BIGINT);\n"
        )
        rows = f"select * exclude (valid_from, valid_to, sync_id) from {table.name}_history"
        yield f"create or replace view {table.name} as {rows} where valid_to is null;\n"
        if table in PRESENT_TABLES:
            yield f"drop macro table if exists {table.name}_as_of;\n"  # an earlier version had it
            continue
        yield (
            f"create or replace macro {table.name}_as_of(t) as table {rows} "
            "where valid_from <= t::timestamptz and (valid_to is null or valid_to > t::timestamptz);\n"
        )
    for name in VIEWS:
        yield f"create or replace view {name} as {load_query(f'{FOLDER}/views', name)};\n"


def _comments(con: duckdb.DuckDBPyConnection, layout: SnapshotFile) -> Iterator[str]:
    """Return the statements that describe every table, view, macro and column (`model/dictionary.toml`)."""
    for table in layout.tables:
        described = describe_table(SNAPSHOT, table.name)
        yield _comment("view", table.name, described)
        versions = "The present rows alone." if table in PRESENT_TABLES else "Every version of each row."
        yield _comment("table", f"{table.name}_history", f"{described} {versions}")
        if table not in PRESENT_TABLES:
            as_of = f"{described} The rows that were published at time t."
            yield _comment("macro table", f"{table.name}_as_of", as_of)
    for name in VIEWS:
        yield _comment("view", name, describe_table(SNAPSHOT, name))
    tables = {f"{table.name}_history": table.name for table in layout.tables}
    views = {name: name for name in (*tables.values(), *VIEWS)}
    columns = "select column_name from duckdb_columns() where table_name = ? and database_name = current_database()"
    for name, described_name in (tables | views).items():
        for (column,) in con.execute(columns, [name]).fetchall():
            yield _comment("column", f"{name}.{column}", describe_column(SNAPSHOT, described_name, column))


def _comment(kind: str, name: str, text: str) -> str:
    quoted = text.replace("'", "''")
    return f"comment on {kind} {name} is '{quoted}';\n"


def is_current(con: duckdb.DuckDBPyConnection, catalog: str, layout: SnapshotFile) -> bool:
    """Return whether an attached file has the current storage version, and every table with its current columns."""
    storage = "select tags['storage_version'] from duckdb_databases() where database_name = $catalog"
    (version,) = con.execute(storage, {"catalog": catalog}).fetchall()[0]
    return str(version).startswith(STORAGE) and all(
        _columns(con, table, catalog) == _expected(table) for table in layout.tables
    )


def _columns(con: duckdb.DuckDBPyConnection, table: SnapshotTable, catalog: str) -> list[str]:
    """Return the columns of a stored table in their order, or none if there is no such table."""
    rows = con.execute(
        "select column_name from duckdb_columns() where table_name = $table and database_name = $catalog "
        "order by column_index",
        {"table": f"{table.name}_history", "catalog": catalog},
    )
    return [str(name) for (name,) in rows.fetchall()]


def _expected(table: SnapshotTable) -> list[str]:
    return ["district_id", *table.columns, "valid_from", "valid_to", "sync_id"]
