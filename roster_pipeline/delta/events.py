"""What Clever's events say, as tables: `events.X` holds the newest state of records of list X, `events.gone` who left.

Objects are replaced and never merged, so that a field which the district no longer shares goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from roster_pipeline.land.rows import load_rejections, load_rows, make_empty
from roster_pipeline.model.resources import RESOURCES, Resource

if TYPE_CHECKING:
    import duckdb

    from roster_pipeline.model.feed import EventsRead

TABLES = """
CREATE SCHEMA IF NOT EXISTS events;
CREATE OR REPLACE TABLE events.gone (resource VARCHAR, id VARCHAR);
CREATE OR REPLACE TABLE events.rejected (
    sync_id BIGINT, resource VARCHAR, clever_id VARCHAR, reason VARCHAR, whole_record BOOLEAN
);
"""


def load_events(con: duckdb.DuckDBPyConnection, events: EventsRead, sync_id: int) -> None:
    """Fill `events.*`.

    Raises:
        RosterError: as `load_rows`.
    """
    con.execute(TABLES)
    for read in events.reads:
        name = read.resource.name
        # Most lists have no events, and reading an empty file takes DuckDB ten times as long as making the table.
        if read.rows:
            load_rows(con, read, sync_id, "events")
        else:
            make_empty(con, read, "events")
        load_rejections(con, "events.rejected", read, sync_id)
        con.execute("INSERT INTO events.gone SELECT ?, unnest(?::VARCHAR[])", [name, list(events.gone.get(name, ()))])


def forget_older(con: duckdb.DuckDBPyConnection, *, raw: str = "raw") -> None:
    """Take out of `events.*` each state that is older than what the raw tables hold.

    Args:
        raw: the schema of the raw tables, with its catalog where that is another one.
    """
    for one in RESOURCES:
        if "last_modified" in one.fields:
            con.execute(
                f"DELETE FROM events.{one.name} AS new WHERE EXISTS "
                f"(FROM {raw}.{one.name} AS known WHERE known.id = new.id AND known.last_modified > new.last_modified)"
            )


def touched(resource: Resource) -> str:
    """SQL of the ids of a list that the events say something about."""
    name = resource.name
    return (
        f"SELECT id FROM events.{name} UNION SELECT id FROM events.gone WHERE resource = '{name}' UNION "
        f"SELECT clever_id FROM events.rejected WHERE resource = '{name}' AND whole_record AND clever_id IS NOT NULL"
    )


def overlay(con: duckdb.DuckDBPyConnection, *, raw: str = "raw") -> None:
    """Bring the raw tables to where `events.*` says they are."""
    for resource in RESOURCES:
        table = f"{raw}.{resource.name}"
        con.execute(
            f"DELETE FROM {raw}.rejected WHERE resource = '{resource.name}' AND clever_id IN ({touched(resource)})"
        )
        con.execute(f"DELETE FROM {table} WHERE id IN ({touched(resource)})")
        con.execute(f"INSERT INTO {table} BY NAME FROM events.{resource.name}")
    con.execute(f"INSERT INTO {raw}.rejected FROM events.rejected")


def forget_events(con: duckdb.DuckDBPyConnection) -> None:
    """Drop `events.*`."""
    con.execute("DROP SCHEMA IF EXISTS events CASCADE")
