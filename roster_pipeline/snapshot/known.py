"""Reads what a file of the snapshot knows: the syncs that it has, and how it describes the districts."""

from __future__ import annotations

import duckdb

from roster_pipeline.model.queries import load_query
from roster_pipeline.snapshot.tables import FOLDER, PRESENT_TABLES, SnapshotFile

PASSES = f"{FOLDER}/passes"
KNOWN = "district_id text, id bigint, uid text, state text, finished_at timestamptz, last_end timestamptz"
NOTHING_KNOWN = "select null, null, null, null, null, null where false"


def select_known_syncs(con: duckdb.DuckDBPyConnection, catalog: str) -> str:
    """Return the query of the newest sync of each district in a file, whose columns are `KNOWN`."""
    _view_file(con, f"{catalog}.")
    return load_query(PASSES, "known_syncs")


def list_known(con: duckdb.DuckDBPyConnection, catalog: str) -> list[list[tuple[object, ...]]]:
    """Return the newest sync of each district in a file, and how the file describes the districts."""
    syncs = con.sql(select_known_syncs(con, catalog))
    districts = con.table("file_districts").select("district_id, name, tier, time_zone")
    return [sorted(relation.fetchall(), key=repr) for relation in (syncs, districts)]


def has_other_descriptions(con: duckdb.DuckDBPyConnection, catalog: str) -> bool:
    """Return whether a file describes a district in another way than `read_districts` does."""
    _view_file(con, f"{catalog}.")
    return bool(con.sql(load_query(PASSES, "other_descriptions")).fetchall())


def note_published_times(con: duckdb.DuckDBPyConnection) -> None:
    """Fill `noted_times` with the time from which the file in use dates the rows of each sync."""
    _view_file(con)
    con.execute("create or replace temporary table noted_times as from dated_syncs")


def correct_times(con: duckdb.DuckDBPyConnection, layout: SnapshotFile) -> None:
    """Correct the times of rows that a wrong clock dated ahead, after later syncs have come into the file in use.

    A row whose whole time was ahead was published for no time, and is deleted.
    """
    con.execute(f"create or replace temporary table corrected_times as {load_query(PASSES, 'corrected_times')}")
    if not con.table("corrected_times").limit(1).fetchall():
        return
    for history in (f"{table.name}_history" for table in layout.tables if table not in PRESENT_TABLES):
        for time in ("valid_from", "valid_to"):
            con.execute(
                f"update {history} set {time} = correct from corrected_times "
                f"where corrected_times.district_id = {history}.district_id and {time} = wrong"
            )
        con.execute(f"delete from {history} where valid_to <= valid_from")


def _view_file(con: duckdb.DuckDBPyConnection, place: str = "") -> None:
    """Let the queries of a pass read a file, or the file in use."""
    for view, source in (("file_syncs", "syncs_history"), ("file_districts", "districts_history")):
        con.execute(f"create or replace temporary view {view} as from {place}{source}")
    con.execute(f"create or replace temporary view dated_syncs as {load_query(PASSES, 'dated_syncs')}")
