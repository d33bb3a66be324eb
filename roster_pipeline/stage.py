"""Runs the SQL of `dbt_like_sql/` in dependency order: one SELECT a file, file name = table = asset key.

There is no templating language: a model names the tables it reads (`staging.stg_people`), and sqlglot reads the names.
What the models mean is written in the models; contracts on their rows are in `validate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from importlib.resources import files
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

LAYERS = ("staging", "intermediate", "marts")


@dataclass(frozen=True)
class Model:
    """One SELECT.

    Attributes:
        layer: the folder, and the schema of the table.
        name: the file, and the table.
        sql: the file's text.
        description: its opening comment, for people.
        reads: the tables it names, as (schema, table).
    """

    layer: str
    name: str
    sql: str
    description: str
    reads: frozenset[tuple[str, str]]

    @property
    def key(self) -> tuple[str, str]:
        return self.layer, self.name


def sql_folder(layer: str) -> Path:
    """The folder of one layer of `dbt_like_sql/`."""
    return Path(str(files("dbt_like_sql") / layer))


@cache
def models() -> tuple[Model, ...]:
    """Every model, each after the models that it reads."""
    found = {model.key: model for layer in LAYERS for model in _models_in(layer)}
    order = TopologicalSorter({key: model.reads & found.keys() for key, model in found.items()})
    return tuple(found[key] for key in order.static_order())


def run_models(con: duckdb.DuckDBPyConnection, chosen: Iterable[Model]) -> Iterator[tuple[Model, int]]:
    """Build the tables of `chosen` in the given order; yields each with its number of rows."""
    for model in chosen:
        con.execute(f"create schema if not exists {model.layer}")
        con.execute(f"create or replace table {model.layer}.{model.name} as {model.sql}")
        yield model, count_rows(con, model.layer, model.name)


def count_rows(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    row = con.execute(f'select count(*) from {schema}."{table}"').fetchone()
    assert row is not None  # count(*) always answers with one row
    return int(row[0])


def table_columns(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> Mapping[str, str]:
    """Column names with their DuckDB types, in order."""
    rows = con.execute(
        "select column_name, data_type from information_schema.columns "
        "where table_schema = ? and table_name = ? order by ordinal_position",
        [schema, table],
    ).fetchall()
    return dict(rows)


def _models_in(layer: str) -> Iterator[Model]:
    for path in sorted(sql_folder(layer).glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        yield Model(layer, path.stem, sql, opening_comment(sql), tables_read(sql))


def tables_read(sql: str) -> frozenset[tuple[str, str]]:
    """The (schema, table) names that a SELECT reads; its own CTEs are not among them."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    return frozenset((table.db, table.name) for table in tree.find_all(exp.Table) if table.db)


def opening_comment(sql: str) -> str:
    """The comment lines that a SQL file opens with, as one text."""
    lines = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines)
