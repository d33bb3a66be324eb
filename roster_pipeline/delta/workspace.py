"""A delta sync is the sync of a smaller district: an excerpt of the warehouse, cut out for it and folded in at its end.

The excerpt has the schemas of the warehouse, so every stage runs on it unchanged. Until it is folded in, the warehouse
stands as it was last published: a sync that was killed in between is done again from the same events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from roster_pipeline.delta.affected import find_affected
from roster_pipeline.delta.bookmark import confirm_bookmark, save_bookmark
from roster_pipeline.delta.events import forget_older, load_events, overlay, touched
from roster_pipeline.land.lists import TABLES, describe_district, prove
from roster_pipeline.land.warehouse import give_room, one_transaction
from roster_pipeline.model.resources import RESOURCES

if TYPE_CHECKING:
    import duckdb

    from roster_pipeline.model.feed import District, EventsRead
    from roster_pipeline.model.sync_state import Bookmark

AFFECTED_BY_LIST = {
    "schools": "schools",
    "teachers": "people",
    "students": "people",
    "sections": "sections",
    "terms": "terms",
    "courses": "courses",
}
"""By raw list, the ids of which its rows are cut out."""
OWNERS = {
    "section_id": "sections",
    "clever_id": "people",
    "school_id": "schools",
    "term_id": "terms",
    "course_id": "courses",
}
"""By column, in this order, whose rows those of a decided table are."""
FOLDED = ("staging", "intermediate", "marts")
WHOLE = ("int_partially_read",)
"""Models that the excerpt has of the whole district."""


def build_workspace(con: duckdb.DuckDBPyConnection, district: District, events: EventsRead, bookmark: Bookmark) -> None:
    """Fill the excerpt with the rows within reach of what the events changed.

    Args:
        con: from `open_workspace`.
        bookmark: how far the events go.
    """
    with one_transaction(con):
        con.execute(TABLES)
        load_events(con, events, bookmark.sync_id)
        forget_older(con, raw="warehouse.raw")
        give_room(con, find_affected(con))
        describe_district(con, district, bookmark.sync_id, bookmark.sync_uid)
        prove(con, events.reads, bookmark.sync_id, {})
        for one in RESOURCES:
            within = f"id IN (SELECT id FROM affected.{AFFECTED_BY_LIST[one.name]})"
            con.execute(
                f"CREATE TABLE raw.{one.name} AS FROM warehouse.raw.{one.name} "
                f"WHERE {within} AND id NOT IN ({touched(one)}) UNION ALL BY NAME FROM events.{one.name} WHERE {within}"
            )
        _carry_set_aside(con, bookmark.sync_id)
        save_bookmark(con, bookmark, missed=bookmark.missed)


def _carry_set_aside(con: duckdb.DuckDBPyConnection, sync_id: int) -> None:
    spoken_of = " UNION ALL ".join(f"SELECT '{one.name}', id FROM ({touched(one)})" for one in RESOURCES)
    con.execute(
        "INSERT INTO raw.rejected SELECT ?, resource, clever_id, reason, whole_record FROM warehouse.raw.rejected "
        f"WHERE clever_id IS NULL OR (resource, clever_id) NOT IN ({spoken_of})",
        [sync_id],
    )
    con.execute("INSERT INTO raw.rejected FROM events.rejected")


def merge_workspace(con: duckdb.DuckDBPyConnection, sync_id: int) -> None:
    """Bring the warehouse to where the excerpt is, all at once, now that it is published.

    Args:
        con: from `open_workspace`.
    """
    confirm_bookmark(con, sync_id)
    with one_transaction(con):
        overlay(con, raw="warehouse.raw")
        for schema, table in _tables(con, FOLDED):
            _fold_table(con, f"{schema}.{table}", whole=table in WHOLE)
        _fold_accounts(con)
        _fold_quarantine(con)
        for schema, table in (
            ("raw", "district"),
            ("raw", "rejected"),
            ("raw", "bookmark"),
            *_tables(con, ("changes",)),
        ):
            con.execute(f"CREATE OR REPLACE TABLE warehouse.{schema}.{table} AS FROM {schema}.{table}")
        proofs = (
            f"SELECT $sync_id, '{one.name}', 0, count(*), "
            f"(SELECT count(*) FROM raw.rejected WHERE resource = '{one.name}'), NULL FROM warehouse.raw.{one.name}"
            for one in RESOURCES
        )
        con.execute(
            f"INSERT OR REPLACE INTO warehouse.raw.load_audit {' UNION ALL '.join(proofs)}", {"sync_id": sync_id}
        )


def mark_published(con: duckdb.DuckDBPyConnection, sync_id: int, *, is_delta: bool) -> None:
    """What this sync read is published: the next one may go on from there."""
    if is_delta:
        merge_workspace(con, sync_id)
    else:
        confirm_bookmark(con, sync_id)


def _fold_table(con: duckdb.DuckDBPyConnection, table: str, *, whole: bool) -> None:
    if whole:
        con.execute(f"CREATE OR REPLACE TABLE warehouse.{table} AS FROM {table}")
        return
    columns = {name for name, *_ in con.execute(f"DESCRIBE {table}").fetchall()}
    owner = next(column for column in OWNERS if column in columns)
    con.execute(f"DELETE FROM warehouse.{table} WHERE {owner} IN (SELECT id FROM affected.{OWNERS[owner]})")
    con.execute(f"INSERT INTO warehouse.{table} BY NAME FROM {table}")


def _fold_accounts(con: duckdb.DuckDBPyConnection) -> None:
    """The only table of `current` that a later delta looks at: who carries which address."""
    seen = "account_id IN (SELECT account_id FROM current.accounts)"
    con.execute(f"DELETE FROM warehouse.current.accounts WHERE {seen}")
    con.execute("INSERT INTO warehouse.current.accounts BY NAME FROM current.accounts")


def _fold_quarantine(con: duckdb.DuckDBPyConnection) -> None:
    """What could not be read is known of the whole district, what broke a contract of what is within reach."""
    known = [f"SELECT id FROM affected.{name}" for name in OWNERS.values()]
    known += ["SELECT clever_id FROM warehouse.raw.rejected WHERE whole_record AND clever_id IS NOT NULL"]
    con.execute(
        "CREATE OR REPLACE TEMPORARY TABLE waiting AS FROM warehouse.quarantine.records "
        f"WHERE clever_id IS NULL OR clever_id NOT IN ({' UNION ALL '.join(known)}) UNION FROM quarantine.records"
    )
    con.execute("CREATE OR REPLACE TABLE warehouse.quarantine.records AS FROM waiting")


def _tables(con: duckdb.DuckDBPyConnection, schemas: tuple[str, ...]) -> list[tuple[str, str]]:
    return con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database() "
        "AND NOT temporary AND list_contains(?, schema_name) ORDER BY ALL",
        [list(schemas)],
    ).fetchall()
