"""Loads Clever's events into the tables of schema `events`, and applies these to the raw tables.

Table `events.<list>` holds the newest state of each record that was created or updated. `events.gone` holds the ids of
records that left a list. A record of an event replaces the whole record of the raw table. Fields that the district no
longer shares therefore disappear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from roster_pipeline.land.rows import create_empty, load_rejections, load_rows
from roster_pipeline.model.resources import RESOURCES

if TYPE_CHECKING:
    import duckdb

    from roster_pipeline.model.feed import EventBatch

TABLES = """
CREATE SCHEMA IF NOT EXISTS events;
CREATE OR REPLACE TABLE events.gone (resource VARCHAR, id VARCHAR);
CREATE OR REPLACE TABLE events.rejected (
    sync_id BIGINT, resource VARCHAR, clever_id VARCHAR, reason VARCHAR, whole_record BOOLEAN
);
"""


def load_events(con: duckdb.DuckDBPyConnection, events: EventBatch, sync_id: int) -> None:
    """Replace the tables of schema `events` with the records of an event batch, and create its views.

    View `events.records` has the content hash of each record. View `events.touched` has the list and the id of every
    record that the events create, update, delete or fail to decode.

    Raises:
        RosterError: As in `load_rows`.
    """
    con.execute(TABLES)
    for read in events.lists:
        name = read.resource.name
        # Most lists have no events, and DuckDB takes ten times as long to read an empty file as to create the table.
        if read.rows:
            load_rows(con, read, sync_id, "events")
        else:
            create_empty(con, read, "events")
        load_rejections(con, "events.rejected", read, sync_id)
        con.execute(
            "INSERT INTO events.gone SELECT ?, unnest(?::VARCHAR[])", [name, list(events.deleted.get(name, ()))]
        )
    con.execute(f"CREATE OR REPLACE VIEW events.records AS {select_records('events')}")
    con.execute(
        "CREATE OR REPLACE VIEW events.touched AS SELECT resource, id FROM events.records UNION FROM events.gone UNION "
        "SELECT resource, clever_id FROM events.rejected WHERE whole_record AND clever_id IS NOT NULL"
    )


def select_records(schema: str) -> str:
    """Return a SELECT of the list, the id and the content hash of every record in the tables of a schema."""
    return " UNION ALL ".join(
        f"SELECT '{resource.name}' AS resource, id, content_hash FROM {schema}.{resource.name}"
        for resource in RESOURCES
    )


def drop_outdated_events(con: duckdb.DuckDBPyConnection, *, raw: str = "raw") -> None:
    """Delete each record of schema `events`, with its dropped fields, if the same record in the raw tables is newer.

    Args:
        raw: The schema of the raw tables, with the name of its database if that is attached.
    """
    for resource in RESOURCES:
        if "last_modified" in resource.fields:
            name = resource.name
            outdated = (
                f"(SELECT new.id FROM events.{name} AS new INNER JOIN {raw}.{name} AS known ON known.id = new.id "
                "WHERE known.last_modified > new.last_modified)"
            )
            con.execute(
                f"DELETE FROM events.rejected WHERE resource = '{name}' AND NOT whole_record "
                f"AND clever_id IN {outdated}"
            )
            con.execute(f"DELETE FROM events.{name} WHERE id IN {outdated}")


def apply_events(con: duckdb.DuckDBPyConnection, *, raw: str = "raw") -> None:
    """Delete from the raw tables each record that `events.touched` names, and insert its newest state if it has one."""
    for resource in RESOURCES:
        name = resource.name
        touched = f"(SELECT id FROM events.touched WHERE resource = '{name}')"
        con.execute(f"DELETE FROM {raw}.rejected WHERE resource = '{name}' AND clever_id IN {touched}")
        con.execute(f"DELETE FROM {raw}.{name} WHERE id IN {touched}")
        con.execute(f"INSERT INTO {raw}.{name} BY NAME FROM events.{name}")
    con.execute(f"INSERT INTO {raw}.rejected FROM events.rejected")


def drop_events(con: duckdb.DuckDBPyConnection) -> None:
    """Drop schema `events`."""
    con.execute("DROP SCHEMA IF EXISTS events CASCADE")
