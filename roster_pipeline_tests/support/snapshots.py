"""Read the rows of the snapshot."""

import duckdb

from roster_pipeline.snapshot import LATEST


def read(path, query, *values):
    with duckdb.connect(path, read_only=True) as con:
        return con.execute(query, list(values)).fetchall()


NAMES = ("districts", "schools", "people", "school_memberships", "terms", "courses", "rosters", "enrollments", "syncs")
VIEWS = ("freshness", "students_without_class", "movers", "daily_changes")
AS_OF = ("schools", "people", "school_memberships", "terms", "courses", "rosters", "enrollments")


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


def rows_as_of(folder, at):
    """Return every row of the tables that have a macro, as text, as they were published at a time."""
    with duckdb.connect(folder / LATEST, read_only=True) as con:
        con.execute("set timezone = 'UTC'")
        query = "select t::varchar as t from {}_as_of(?) as t order by t"
        return {name: con.execute(query.format(name), [at]).fetchall() for name in AS_OF}
