"""Measures drift: what the events had missed, found by a full read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roster_pipeline.delta.events import drop_outdated_events, load_events, select_records
from roster_pipeline.model.queries import load_query
from roster_pipeline.model.resources import RESOURCES

if TYPE_CHECKING:
    import duckdb

    from roster_pipeline.model.feed import EventBatch


def save_expected_records(con: duckdb.DuckDBPyConnection, events: EventBatch, sync_id: int) -> None:
    """Save the content hashes that the raw tables would have with the events applied.

    Call it before the raw tables are replaced.
    """
    load_events(con, events, sync_id)
    if events.changed:
        drop_outdated_events(con)
    con.execute(f"CREATE OR REPLACE VIEW events.known_records AS {select_records('raw')}")
    con.execute(f"CREATE OR REPLACE TABLE events.expected_records AS {load_query('delta', 'expected_records')}")


def measure_drift(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return by list how many records of the raw tables differ from the expected ones.

    Schema `events` holds the events that came while the lists were read. Their records are not counted.
    """
    records = dict(con.execute(load_query("delta", "drift")).fetchall())
    return {resource.name: int(records.get(resource.name, 0)) for resource in RESOURCES}
