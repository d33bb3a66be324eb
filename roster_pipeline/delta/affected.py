"""Finds the affected set: the ids that a delta sync must decide again.

The query `dbt_like_sql/delta/<table>.sql` fills each table of schema `affected` with ids. The models must give the same
result on the rows of these ids as on the whole district. If the set has more ids than needed, the sync takes longer. If
an id is missing, the result is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from roster_pipeline.delta.events import select_records
from roster_pipeline.model.queries import load_query

if TYPE_CHECKING:
    import duckdb

AFFECTED_TABLES = ("changed", "presence_changes", "sections", "people", "schools", "terms", "courses")
"""The tables of schema `affected`, in the order in which they are filled. Later tables read earlier ones."""


def find_affected(con: duckdb.DuckDBPyConnection) -> int:
    """Fill schema `affected` from the events and the district's file. Return the number of affected people.

    Schema `events` must be filled, and the district's file must be attached as `warehouse`.
    """
    con.execute("CREATE SCHEMA affected")
    con.execute(f"CREATE VIEW affected.known_records AS {select_records('warehouse.raw')}")
    for table in AFFECTED_TABLES:
        con.execute(f"CREATE TABLE affected.{table} AS {load_query('delta', table)}")
    con.execute("DROP VIEW affected.known_records")
    row = con.execute("SELECT count(*) FROM affected.people").fetchone()
    return int(row[0]) if row else 0
