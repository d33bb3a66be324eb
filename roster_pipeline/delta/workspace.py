"""Builds the delta workspace and merges it into the district's file.

A delta sync runs the same stages as a full sync, on the delta workspace. The workspace has the same schemas as the
district's file and holds only the rows of the affected set. The district's file does not change until the workspace is
merged. If the sync is killed before, the next sync reads the same events again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from roster_pipeline.delta.affected import find_affected
from roster_pipeline.delta.bookmark import mark_bookmark_published, save_bookmark
from roster_pipeline.delta.events import apply_events, drop_outdated_events, load_events
from roster_pipeline.land.lists import TABLES, record_load_audit, save_district
from roster_pipeline.land.warehouse import one_transaction, raise_limits
from roster_pipeline.model.queries import load_query
from roster_pipeline.model.resources import RESOURCES

if TYPE_CHECKING:
    import duckdb

    from roster_pipeline.model.feed import District, EventBatch
    from roster_pipeline.model.sync_state import Bookmark

AFFECTED_BY_LIST = {
    "schools": "schools",
    "teachers": "people",
    "students": "people",
    "sections": "sections",
    "terms": "terms",
    "courses": "courses",
}
"""For each raw table, the table of schema `affected` with the ids of its affected rows."""
AFFECTED_BY_COLUMN = {
    "section_id": "sections",
    "clever_id": "people",
    "school_id": "schools",
    "term_id": "terms",
    "course_id": "courses",
}
"""For each id column of a model, the table of schema `affected` with its ids.

The first of these columns that a model has decides which of its rows are affected.
"""
MERGED_SCHEMAS = ("staging", "intermediate", "marts")
WHOLE_MODELS = ("int_partially_read",)
"""Models that the workspace holds for the whole district."""


def build_workspace(con: duckdb.DuckDBPyConnection, district: District, events: EventBatch, bookmark: Bookmark) -> None:
    """Find the affected set, and fill the raw tables of the workspace with its rows, with the events applied.

    Args:
        con: The workspace, from `open_workspace`.
        bookmark: The end of the events. `merge_workspace` marks it as published.
    """
    with one_transaction(con):
        con.execute(TABLES)
        load_events(con, events, bookmark.sync_id)
        drop_outdated_events(con, raw="warehouse.raw")
        raise_limits(con, find_affected(con))
        save_district(con, district, bookmark.sync_id, bookmark.sync_uid)
        record_load_audit(con, events.lists, bookmark.sync_id, {})
        for resource in RESOURCES:
            name = resource.name
            is_affected = f"id IN (SELECT id FROM affected.{AFFECTED_BY_LIST[name]})"
            is_touched = f"id IN (SELECT id FROM events.touched WHERE resource = '{name}')"
            con.execute(
                f"CREATE TABLE raw.{name} AS FROM warehouse.raw.{name} WHERE {is_affected} AND NOT {is_touched} "
                f"UNION ALL BY NAME FROM events.{name} WHERE {is_affected}"
            )
        con.execute(
            f"INSERT INTO raw.rejected SELECT ?, * FROM ({load_query('delta', 'kept_rejections')})", [bookmark.sync_id]
        )
        con.execute("INSERT INTO raw.rejected FROM events.rejected")
        save_bookmark(con, bookmark, missed=bookmark.missed)


def has_affected_rows(con: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the events of a delta sync affect any row. Deleted rows count, which the workspace has no more."""
    tables = sorted(set(AFFECTED_BY_LIST.values()))
    row = con.execute("SELECT " + " OR ".join(f"EXISTS (FROM affected.{table})" for table in tables)).fetchone()
    assert row is not None  # the query always returns one row
    return bool(row[0])


def merge_workspace(con: duckdb.DuckDBPyConnection, sync_id: int) -> None:
    """Write the workspace back to the district's file, in one transaction. Call this after the plan was published.

    Args:
        con: The workspace, from `open_workspace`.
    """
    mark_bookmark_published(con, sync_id)
    with one_transaction(con):
        apply_events(con, raw="warehouse.raw")
        for schema, table in _list_tables(con, MERGED_SCHEMAS):
            _merge_model(con, f"{schema}.{table}", is_whole=table in WHOLE_MODELS)
        _merge_accounts(con)
        _merge_quarantine(con)
        raw_tables = [("raw", table) for table in ("district", "rejected", "bookmark")]
        for schema, table in (*raw_tables, *_list_tables(con, ("changes",))):
            con.execute(f"CREATE OR REPLACE TABLE warehouse.{schema}.{table} AS FROM {schema}.{table}")
        audits = (
            f"SELECT $sync_id, '{resource.name}', 0, count(*), "
            f"(SELECT count(*) FROM raw.rejected WHERE resource = '{resource.name}'), NULL "
            f"FROM warehouse.raw.{resource.name}"
            for resource in RESOURCES
        )
        audit = f"INSERT OR REPLACE INTO warehouse.raw.load_audit {' UNION ALL '.join(audits)}"
        con.execute(audit, {"sync_id": sync_id})


def mark_published(con: duckdb.DuckDBPyConnection, sync_id: int, *, is_delta: bool) -> None:
    """Mark the bookmark of a published sync as published. For a delta, merge the workspace into the district's file.

    Args:
        con: The district's file, or the workspace in a delta.
    """
    if is_delta:
        merge_workspace(con, sync_id)
    else:
        mark_bookmark_published(con, sync_id)


def _merge_model(con: duckdb.DuckDBPyConnection, table: str, *, is_whole: bool) -> None:
    """Replace the affected rows in the table of one model of the district's file.

    Args:
        is_whole: Whether to replace the whole table.
    """
    if is_whole:
        con.execute(f"CREATE OR REPLACE TABLE warehouse.{table} AS FROM {table}")
        return
    columns = {name for name, *_ in con.execute(f"DESCRIBE {table}").fetchall()}
    column = next(column for column in AFFECTED_BY_COLUMN if column in columns)
    affected = AFFECTED_BY_COLUMN[column]
    con.execute(f"DELETE FROM warehouse.{table} WHERE {column} IN (SELECT id FROM affected.{affected})")
    con.execute(f"INSERT INTO warehouse.{table} BY NAME FROM {table}")


def _merge_accounts(con: duckdb.DuckDBPyConnection) -> None:
    """Replace accounts in `current.accounts`. A later delta sync reads no other table of schema `current`."""
    con.execute("DELETE FROM warehouse.current.accounts WHERE account_id IN (SELECT account_id FROM current.accounts)")
    con.execute("INSERT INTO warehouse.current.accounts BY NAME FROM current.accounts")


def _merge_quarantine(con: duckdb.DuckDBPyConnection) -> None:
    """Replace the quarantine of the affected set. A temporary table holds the new rows first, because DuckDB cannot
    replace a table that the same statement reads."""
    unaffected = load_query("delta", "kept_quarantine")
    con.execute(f"CREATE OR REPLACE TEMPORARY TABLE merged AS FROM ({unaffected}) UNION FROM quarantine.records")
    con.execute("CREATE OR REPLACE TABLE warehouse.quarantine.records AS FROM merged")


def _list_tables(con: duckdb.DuckDBPyConnection, schemas: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the schema and the name of every table of the workspace in some schemas."""
    return con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database() "
        "AND NOT temporary AND list_contains(?, schema_name) ORDER BY ALL",
        [list(schemas)],
    ).fetchall()
