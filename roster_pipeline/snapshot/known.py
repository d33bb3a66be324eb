"""Reads what a file of the snapshot knows: the syncs that it has, and how it describes the districts."""

from __future__ import annotations

import duckdb

from roster_pipeline.model.queries import load_query
from roster_pipeline.snapshot.tables import FOLDER, PRESENT_TABLES, SnapshotFile

NEWEST = "max(id), max_by(uid, id), max_by(state, id), max_by(finished_at, id), max(published_at)"
NOTHING_KNOWN = "select null, null, null, null, null, null where false"
KNOWN = "district_id text, id bigint, uid text, state text, finished_at timestamptz, last_end timestamptz"
DESCRIPTION = "district_id, name, tier, time_zone"
"""What an operator or Clever may change of a district without a sync."""


def select_known_syncs(con: duckdb.DuckDBPyConnection, catalog: str) -> str:
    """Return the query of the newest sync of each district in a file, whose columns are `KNOWN`."""
    dated = _select_dated_syncs(con, f"{catalog}.syncs_history")
    return f"select district_id, {NEWEST} from ({dated}) group by district_id"


def list_known(con: duckdb.DuckDBPyConnection, catalog: str) -> list[list[tuple[object, ...]]]:
    """Return the newest sync of each district in a file, and how the file describes the districts."""
    queries = (select_known_syncs(con, catalog), f"select {DESCRIPTION} from {catalog}.districts_history")
    return [con.execute(f"from ({query}) order by all").fetchall() for query in queries]


def has_other_descriptions(con: duckdb.DuckDBPyConnection, catalog: str) -> bool:
    """Return whether a file describes a district in another way than `read_districts` does."""
    present = f"select {DESCRIPTION} from read_districts join scope using (organization_id)"
    return bool(con.execute(f"{present} except select {DESCRIPTION} from {catalog}.districts_history").fetchall())


def note_published_times(con: duckdb.DuckDBPyConnection) -> None:
    """Fill `noted_times` with the time from which the file in use dates the rows of each sync."""
    dated = _select_dated_syncs(con, "syncs_history")
    con.execute(f"create or replace temporary table noted_times as {dated}")


def correct_times(con: duckdb.DuckDBPyConnection, layout: SnapshotFile) -> None:
    """Correct the times of rows that a wrong clock dated ahead, after later syncs have come into the file in use.

    A row whose whole time was ahead was published for no time, and is deleted.
    """
    dated = _select_dated_syncs(con, "syncs_history")
    con.execute(
        "create or replace temporary table corrected_times as select district_id, noted_times.published_at as wrong, "
        f"min(dated.published_at) as correct from noted_times join ({dated}) as dated using (district_id, id) "
        "where dated.published_at < noted_times.published_at group by all"
    )
    if not con.table("corrected_times").limit(1).fetchall():
        return
    for history in (f"{table.name}_history" for table in layout.tables if table not in PRESENT_TABLES):
        for time in ("valid_from", "valid_to"):
            con.execute(
                f"update {history} set {time} = correct from corrected_times "
                f"where corrected_times.district_id = {history}.district_id and {time} = wrong"
            )
        con.execute(f"delete from {history} where valid_to <= valid_from")


def _select_dated_syncs(con: duckdb.DuckDBPyConnection, syncs: str) -> str:
    con.execute(f"create or replace temporary view file_syncs as from {syncs}")
    return load_query(f"{FOLDER}/passes", "dated_syncs")
