"""Reads what a pass writes: from PostgreSQL into temporary tables of DuckDB, for all districts in the same statements.

A pass works in a DuckDB database in memory. `scope` lists the districts of the snapshot, `news` the unseen syncs, and
`windows` the districts that they concern. `touched_<table>` holds the keys of the rows that may differ from the file,
and `fresh_<table>` the versions of these rows that the file shall have. Each file of a pass is written from the same
tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
from sqlalchemy import Connection

from roster_pipeline.model.queries import load_query
from roster_pipeline.product.transfer import copy_to_duckdb, copy_to_postgres, select_into
from roster_pipeline.snapshot.known import KNOWN, NOTHING_KNOWN, PASSES, has_other_descriptions, select_known_syncs
from roster_pipeline.snapshot.person_ids import FRESH_DISTRICTS, add_person_ids
from roster_pipeline.snapshot.tables import (
    DISTRICTS,
    FOLDER,
    IDENTIFIED,
    ORGANIZATION,
    PRESENT_TABLES,
    ROW_TABLES,
    SYNCS,
    SnapshotFile,
    SnapshotTable,
    pack,
)
from roster_pipeline.snapshot.versions import read_versions

VALID = {"valid_from": "TIMESTAMPTZ", "valid_to": "TIMESTAMPTZ"}
RECORDED = {"valid_from": "TIMESTAMPTZ", "sync_id": "BIGINT"}
SCOPE = ORGANIZATION | {"district_id": "VARCHAR"}
NEWS = ORGANIZATION | {"sync_id": "BIGINT", "published_at": "TIMESTAMPTZ"}
WINDOWS = SCOPE | {"is_whole": "BOOLEAN", "began_at": "TIMESTAMPTZ"}
PUBLIC_COUNTS = """
    json_merge_patch('{}', json_object(
        'changes', counts -> 'changes', 'held', counts -> 'held', 'removed', counts -> 'removed',
        'told', counts -> 'told', 'summary', counts -> 'summary', 'undoes', counts -> 'undoes'
    ))
"""
"""The counts of a sync without its impact and without ids of accounts."""


@contextmanager
def open_workspace(temporary: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the database in memory that a pass works in.

    Args:
        temporary: The folder for what does not fit into memory, and for rows on their way. None is for few rows without
            people.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "512MB",
        "threads": 2,
        "autoinstall_known_extensions": False,
        "temp_directory": str(temporary or ""),
    }
    with duckdb.connect(config=config) as con:
        con.execute("set enable_progress_bar = false; set timezone = 'UTC'")
        yield con


def find_news(con: duckdb.DuckDBPyConnection, pg: Connection, known: str | None) -> bool:
    """Fill `news` and `windows` in both databases, and `read_districts`.

    Args:
        known: The catalog of a file whose syncs are known. None reads every district as a whole.

    Returns:
        Whether the file does not have a sync, or describes a district in another way.
    """
    copy_to_postgres(con, select_known_syncs(con, known) if known else NOTHING_KNOWN, pg, "known_syncs", KNOWN)
    for name in ("scope", "news", "windows"):
        select_into(pg, name, load_query(FOLDER, name), {})
    for name, columns in (("scope", SCOPE), ("news", NEWS), ("windows", WINDOWS)):
        _copy(con, pg, name, columns)
    _read_present(con, pg, DISTRICTS)
    has_syncs = bool(con.table("windows").limit(1).fetchall())
    return has_syncs or (known is not None and has_other_descriptions(con, known))


def read_rows(con: duckdb.DuckDBPyConnection, pg: Connection) -> None:
    """Fill `touched_<table>` and `fresh_<table>` of every table, after `find_news`."""
    select_into(pg, "journal", load_query(FOLDER, "journal"), {})
    for table in (*ROW_TABLES, SYNCS):
        touched, columns = f"touched_{table.name}", table.touched_columns
        select_into(pg, touched, load_query(FOLDER, touched), {})
        _copy(con, pg, touched, columns)
    read_versions(pg)
    for table in ROW_TABLES:
        into, columns = f"temporary table versions_{table.name}", table.read_columns | VALID
        copy_to_duckdb(pg, table.query, {}, con, into, columns)
    _read_present(con, pg, SYNCS)
    add_person_ids(con)


def _read_present(con: duckdb.DuckDBPyConnection, pg: Connection, table: SnapshotTable) -> None:
    into, columns = f"temporary table read_{table.name}", table.read_columns | RECORDED
    copy_to_duckdb(pg, table.query, {}, con, into, columns)


def shape_rows(con: duckdb.DuckDBPyConnection, layout: SnapshotFile) -> None:
    """Fill `fresh_<table>` of every table with the columns of a file."""
    for table in layout.tables:
        if table not in PRESENT_TABLES:
            _join_versions(con, table)
    con.execute(f"create or replace temporary table fresh_districts as {FRESH_DISTRICTS}")
    counts = "counts" if layout is IDENTIFIED else PUBLIC_COUNTS
    con.execute(
        f"create or replace temporary table fresh_syncs as select * replace ({counts} as counts) from read_syncs"
    )


def _copy(con: duckdb.DuckDBPyConnection, pg: Connection, name: str, columns: Mapping[str, str]) -> None:
    """Copy a temporary table of PostgreSQL into one of DuckDB with the same name."""
    copy_to_duckdb(pg, f"select {_listed(list(columns))} from {name}", {}, con, f"temporary table {name}", columns)


def _join_versions(con: duckdb.DuckDBPyConnection, table: SnapshotTable) -> None:
    """Fill `fresh_<table>` from `versions_<table>`."""
    con.execute(
        "create or replace temporary view row_versions as select organization_id, valid_from, valid_to, "
        f"{pack(table.key)} as row_key, {pack(table.columns)} as content from versions_{table.name}"
    )
    con.execute(f"create or replace temporary table fresh_{table.name} as {load_query(PASSES, 'joined_versions')}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
