"""Tests on whole tables: each file of `dbt_like_sql/tests/` is a SELECT that returns the guilty rows.

A file opens with five lines: what it is, when it matters, how to resolve it, whether it stops the sync (`error`) or
only says so (`warn`), and the table it is about. Its first column is the Clever id of the guilty row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path

import duckdb

from roster_pipeline.model.clever_id import is_clever_id

SAMPLE = 5


@dataclass(frozen=True)
class SqlTest:
    """One test. `table` is (schema, table); `stops` says whether guilty rows stop the sync."""

    name: str
    sql: str
    what: str
    matters: str
    resolve: str
    stops: bool
    table: tuple[str, str]

    @property
    def description(self) -> str:
        return f"{self.what} {self.matters} {self.resolve}"


@dataclass(frozen=True)
class Outcome:
    """How many rows are guilty, and the Clever ids of a few."""

    guilty: int
    sample: tuple[str, ...]


@cache
def load_sql_tests() -> tuple[SqlTest, ...]:
    """Every test, by name."""
    folder = Path(str(files("dbt_like_sql") / "tests"))
    return tuple(_read(path) for path in sorted(folder.glob("*.sql")))


def run_sql_test(con: duckdb.DuckDBPyConnection, test: SqlTest) -> Outcome:
    rows = con.execute(f"select * from ({test.sql}) order by 1").fetchall()
    # Some tests read records as they came, where an id may be anything, even somebody's address.
    ids = (key for key, *_ in rows if is_clever_id(str(key)))
    return Outcome(len(rows), tuple(islice(ids, SAMPLE)))


def _read(path: Path) -> SqlTest:
    sql = path.read_text(encoding="utf-8")
    header = dict(
        line.removeprefix("-- ").split(": ", maxsplit=1) for line in sql.splitlines() if line.startswith("-- ")
    )
    schema, table = header["Table"].split(".")
    return SqlTest(
        path.stem,
        sql,
        header["What"],
        header["Matters"],
        header["Resolve"],
        header["Severity"] == "error",
        (schema, table),
    )
