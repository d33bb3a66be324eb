"""Writes the rows of a pass into the file that is in use (`use <catalog>`), for all districts in the same statements.

The rows are in the temporary tables of `read`. A file that the pass did not change before the crash of its process has
the same rows again, because the pass is repeated as a whole.
"""

from __future__ import annotations

import duckdb

from roster_pipeline.model.queries import load_query
from roster_pipeline.snapshot.known import PASSES, correct_times, note_published_times
from roster_pipeline.snapshot.tables import DISTRICTS, PRESENT_TABLES, SYNCS, SnapshotFile, SnapshotTable, pack


def write_rows(con: duckdb.DuckDBPyConnection, layout: SnapshotFile) -> None:
    """Bring the tables of the file in use up to date."""
    if con.execute("from windows where is_whole limit 1").fetchall():
        for table in layout.tables:
            whole = "select district_id from windows where is_whole"
            con.execute(f"delete from {table.name}_history where district_id in ({whole})")
    note_published_times(con)
    _replace_present(con)
    correct_times(con, layout)
    for table in layout.tables:
        if table not in PRESENT_TABLES:
            _write_history(con, table)


def _write_history(con: duckdb.DuckDBPyConnection, table: SnapshotTable) -> None:
    """End the open rows that are gone or different, and insert the new versions."""
    history = f"{table.name}_history"
    key, content = (pack(names) for names in (table.key, table.columns))
    _view(
        con, "history_rows", f"rowid as place, district_id, {key} as row_key, {content} as content, valid_to", history
    )
    _view(con, "touched_rows", f"organization_id, {key} as row_key", f"touched_{table.name}")
    _view(con, "fresh_rows", "*", f"fresh_{table.name}")
    for name in ("open_rows", "ended_rows"):
        con.execute(f"create or replace temporary table {name} as {load_query(PASSES, name)}")
    con.execute(f"update {history} set valid_to = ended_at from ended_rows where {history}.rowid = ended_rows.place")
    con.execute(
        f"insert into {history} (district_id, {', '.join(table.columns)}, valid_from, valid_to, sync_id) "
        f"select district_id, unnest(content), valid_from, valid_to, sync_id from ({load_query(PASSES, 'new_rows')})"
    )


def _view(con: duckdb.DuckDBPyConnection, name: str, columns: str, source: str) -> None:
    con.execute(f"create or replace temporary view {name} as select {columns} from {source}")


def _replace_present(con: duckdb.DuckDBPyConnection) -> None:
    """Replace the rows of the tables that have no history: every district, and the touched syncs."""
    con.execute("delete from districts_history")
    con.execute(
        "delete from syncs_history where (district_id, id) in (select district_id, id from touched_syncs "
        "join scope using (organization_id))"
    )
    for table in (DISTRICTS, SYNCS):
        columns = ", ".join(table.columns)
        con.execute(
            f"insert into {table.name}_history (district_id, {columns}, valid_from, sync_id) "
            f"select district_id, {columns}, valid_from, sync_id from fresh_{table.name} "
            "join scope using (organization_id)"
        )
