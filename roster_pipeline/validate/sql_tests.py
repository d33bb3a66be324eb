"""Tests on whole tables. Each file of `dbt_like_sql/tests/` is a SELECT that returns the rows that fail the test.

A file begins with five lines: what the rows are, why they matter, how to resolve them, whether they stop the sync
(`error`) or only warn (`warn`), and the table of the test. The first column is the Clever id of the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path

import duckdb

from roster_pipeline.model.clever_id import is_clever_id

SAMPLE_ROWS = 5


@dataclass(frozen=True)
class SqlTest:
    """One SQL test.

    Attributes:
        stops: Whether failing rows stop the sync.
        table: The schema and the name of the table of the test.
    """

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
    """The number of rows that fail a test, and the Clever ids of a few of them."""

    guilty: int
    sample: tuple[str, ...]


@cache
def load_sql_tests() -> tuple[SqlTest, ...]:
    """Return all tests in the order of their names."""
    folder = Path(str(files("dbt_like_sql") / "tests"))
    return tuple(_read(path) for path in sorted(folder.glob("*.sql")))


def run_sql_test(con: duckdb.DuckDBPyConnection, test: SqlTest) -> Outcome:
    """Run a test and count the rows that fail it."""
    rows = con.execute(f"select * from ({test.sql}) order by 1").fetchall()
    # Some tests read raw records, whose id can be any text, even an email.
    ids = (key for key, *_ in rows if is_clever_id(str(key)))
    return Outcome(len(rows), tuple(islice(ids, SAMPLE_ROWS)))


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
