"""The text of the queries in `dbt_like_sql/`: one SELECT a file."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def sql_folder(name: str) -> Path:
    """Return a folder of `dbt_like_sql/`, such as `staging`."""
    return Path(str(files("dbt_like_sql") / name))


@cache
def load_query(folder: str, name: str) -> str:
    """Return the text of `dbt_like_sql/<folder>/<name>.sql`."""
    return (sql_folder(folder) / f"{name}.sql").read_text(encoding="utf-8")


def define_macros(con: duckdb.DuckDBPyConnection) -> None:
    """Define the macros of `dbt_like_sql/macros/`, which other queries call. They end with the connection."""
    con.execute(load_query("macros", "text"))
