"""Writes the rows of a pass into the file that is in use (`use <catalog>`), for all districts in the same statements.

The rows are in the temporary tables of `read`. A file that the pass did not change before the crash of its process has
the same rows again, because the pass is repeated as a whole.
"""

from __future__ import annotations

import duckdb

from roster_pipeline.snapshot.known import correct_times, note_published_times
from roster_pipeline.snapshot.tables import DISTRICTS, PRESENT_TABLES, SYNCS, SnapshotFile, SnapshotTable


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
    history, fresh, columns = f"{table.name}_history", f"fresh_{table.name}", ", ".join(table.columns)
    key = " and ".join(f"touched.{column} = history.{column}" for column in table.key)
    same = " and ".join(
        f"fresh.{column} is not distinct from open_rows.{column}" for column in ("district_id", *table.columns)
    )
    # Rows are found by their keys alone, so that most columns of the history are never unpacked.
    con.execute(f"""
        create or replace temporary table open_rows as
        select history.rowid as place, history.district_id, {", ".join(f"history.{c}" for c in table.columns)}, began_at
        from {history} as history
        join windows on windows.district_id = history.district_id
        where history.rowid in (
            select history.rowid
            from {history} as history
            join windows on windows.district_id = history.district_id
            join touched_{table.name} as touched on touched.organization_id = windows.organization_id and {key}
            where history.valid_to is null
        )
    """)
    con.execute(f"""
        create or replace temporary table ended_rows as
        select place, case when fresh.district_id is null then began_at else fresh.valid_to end as ended_at
        from open_rows left join {fresh} as fresh on {same} and fresh.valid_from = open_rows.began_at
    """)
    con.execute(
        f"update {history} set valid_to = ended_at from ended_rows "
        f"where {history}.rowid = ended_rows.place and ended_at is not null"
    )
    con.execute(f"""
        insert into {history} (district_id, {columns}, valid_from, valid_to, sync_id)
        select district_id, {columns}, valid_from, valid_to, sync_id from {fresh} as fresh
        where not exists (from open_rows where {same} and fresh.valid_from = open_rows.began_at)
    """)


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
