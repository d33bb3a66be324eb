"""Read the rows of the snapshot."""

import duckdb

from roster_pipeline.snapshot import LATEST


def read(path, query, *values):
    with duckdb.connect(path, read_only=True) as con:
        return con.execute(query, list(values)).fetchall()


NAMES = ("schools", "people", "rosters", "enrollments", "syncs")


def rows(folder, suffix=""):
    """Return every row of every table as text. A suffix selects the history, except for `syncs`."""
    with duckdb.connect(folder / LATEST, read_only=True) as con:
        con.execute("set timezone = 'UTC'")
        return {
            name: con.execute(
                f"select t::varchar as t from {name}{'' if name == 'syncs' else suffix} as t order by t"
            ).fetchall()
            for name in NAMES
        }
