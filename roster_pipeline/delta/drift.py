"""What the events had missed: what the raw tables would hold by them, held against what a full read found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roster_pipeline.delta.events import forget_older, load_events, touched
from roster_pipeline.model.resources import RESOURCES

if TYPE_CHECKING:
    import duckdb

    from roster_pipeline.model.feed import EventsRead


def expect(con: duckdb.DuckDBPyConnection, events: EventsRead, sync_id: int) -> None:
    """Before the raw tables are replaced: remember in `expected` what they hold with these events applied."""
    load_events(con, events, sync_id)
    if events.changed:
        forget_older(con)
    rows = " UNION ALL ".join(
        f"SELECT '{one.name}' AS resource, id, content_hash FROM raw.{one.name} WHERE id NOT IN ({touched(one)}) "
        f"UNION ALL SELECT '{one.name}', id, content_hash FROM events.{one.name}"
        for one in RESOURCES
    )
    con.execute(f"CREATE OR REPLACE TEMPORARY TABLE expected AS {rows}")


def measure_drift(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """By list, the records of which `expected` and the raw tables do not agree.

    Records that changed while the lists were read (`events.*` now) prove nothing and are not counted.
    """
    found = {}
    for one in RESOURCES:
        known = f"SELECT id, content_hash FROM expected WHERE resource = '{one.name}'"
        read = f"SELECT id, content_hash FROM raw.{one.name}"
        row = con.execute(
            f"SELECT count(DISTINCT id) FROM (({known} EXCEPT {read}) UNION ALL ({read} EXCEPT {known})) "
            f"WHERE id NOT IN ({touched(one)})"
        ).fetchone()
        found[one.name] = int(row[0]) if row else 0
    return found
