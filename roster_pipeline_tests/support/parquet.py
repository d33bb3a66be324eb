"""Builds small snapshots without PostgreSQL, and reads their Parquet files through the manifest."""

from datetime import UTC, datetime

import duckdb

from roster_pipeline.snapshot import LATEST
from roster_pipeline.snapshot.layout import attach_for_writing, create_tables
from roster_pipeline.snapshot.tables import PSEUDONYMOUS

FILES = (
    "set variable files = (select [$folder || '/' || name for name in tables.{}] "
    "from read_json($folder || '/manifest.json'))"
)


def write_latest(folder, districts, name, *, changed=None):
    """Write a snapshot in which each district has one school. Those of `changed` have another name."""
    following = folder / "following.duckdb"
    with duckdb.connect() as con, attach_for_writing(con, following, "target"):
        create_tables(con, PSEUDONYMOUS)
        for number in range(districts):
            shown = "Changed" if number == changed else name
            row = [f"d{number}", shown, datetime(2026, 1, 1, tzinfo=UTC)]
            con.execute("insert into schools_history (district_id, name, valid_from) values (?, ?, ?)", row)
    following.replace(folder / LATEST)


def read_parquet(folder, table, query="select district_id, valid_from from read_parquet(getvariable('files'))"):
    """Return the rows of a query over the files of a table that the manifest lists."""
    with duckdb.connect() as con:
        con.execute(FILES.format(table), {"folder": str(folder)})
        return con.execute(query).fetchall()


def read_school_names(folder):
    """Return the names of the schools and how many have each, as a reader of the manifest sees them."""
    names = "select name, count(*) from read_parquet(getvariable('files')) group by name"
    return dict(read_parquet(folder / "parquet", "schools_history", names))
