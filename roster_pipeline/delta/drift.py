"""Measures drift: the number of records that Clever's events had missed, found by a full sync."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roster_pipeline.delta.events import drop_outdated_events, load_events, select_records
from roster_pipeline.model.queries import load_query
from roster_pipeline.model.resources import RESOURCES

if TYPE_CHECKING:
    import duckdb

    from roster_pipeline.model.feed import EventBatch


def save_expected_records(con: duckdb.DuckDBPyConnection, events: EventBatch, sync_id: int) -> None:
    """Save the content hash of every record as it would be if the events were applied to the present raw tables.

    `measure_drift` compares them with the lists. Call this function before the raw tables are replaced.

    Args:
        events: The events from the bookmark to the beginning of the full read.
    """
    load_events(con, events, sync_id)
    if events.changed:
        drop_outdated_events(con)
    con.execute(f"CREATE OR REPLACE VIEW events.known_records AS {select_records('raw')}")
    con.execute(f"CREATE OR REPLACE TABLE events.expected_records AS {load_query('delta', 'expected_records')}")


def measure_drift(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count by list the records of the raw tables that differ from the expected ones.

    A record that changed while the lists were read is not counted. Schema `events` holds the events of that time.
    """
    records = dict(con.execute(load_query("delta", "drift")).fetchall())
    return {resource.name: int(records.get(resource.name, 0)) for resource in RESOURCES}
