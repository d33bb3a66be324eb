"""Queries that read either the rows of some keys or all rows of a district.

A file of `dbt_like_sql/current` or `dbt_like_sql/snapshot` is written for some keys, which stand in temporary tables.
Each line that narrows it to them ends with the comment `-- partial`. The query of all rows is the file without these
lines.
"""

from __future__ import annotations

from functools import cache

from roster_pipeline.model.queries import load_query

PARTIAL_LINE = "-- partial"


@cache
def load_whole_query(folder: str, name: str) -> str:
    """Return the text of `dbt_like_sql/<folder>/<name>.sql` without the lines that narrow it to some keys."""
    lines = load_query(folder, name).splitlines(keepends=True)
    return "".join(line for line in lines if not line.rstrip().endswith(PARTIAL_LINE))


def describe_query(folder: str, name: str) -> str:
    """Return what the rows of a query are: the opening comment of its file up to the line that names the database."""
    description, _, _ = load_query(folder, name).partition("\n-- PostgreSQL.")
    return " ".join(line.removeprefix("--").strip() for line in description.splitlines())
