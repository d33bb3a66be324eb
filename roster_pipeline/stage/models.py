"""Reads `dbt_like_sql/`: each file a model, with what it reads and what it is for. Nothing is run here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from importlib.resources import files
from itertools import dropwhile
from pathlib import Path

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
    def statement(self) -> str:
        """The SQL without its opening comment, which is the description."""
        lines = self.sql.splitlines()
        return "\n".join(dropwhile(lambda line: line.startswith("--"), lines)).strip()

    @property
    def key(self) -> tuple[str, str]:
        return self.layer, self.name


def sql_folder(layer: str) -> Path:
    """The folder of one layer of `dbt_like_sql/`."""
    return Path(str(files("dbt_like_sql") / layer))


@cache
def load_models() -> tuple[Model, ...]:
    """Every model, each after the models that it reads."""
    found = {model.key: model for layer in LAYERS for model in _models_in(layer)}
    order = TopologicalSorter({key: model.reads & found.keys() for key, model in found.items()})
    return tuple(found[key] for key in order.static_order())


def _models_in(layer: str) -> Iterator[Model]:
    for path in sorted(sql_folder(layer).glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        yield Model(layer, path.stem, sql, read_opening_comment(sql), find_tables(sql))


def find_tables(sql: str) -> frozenset[tuple[str, str]]:
    """The (schema, table) names that a SELECT reads; its own CTEs are not among them."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    return frozenset((table.db, table.name) for table in tree.find_all(exp.Table) if table.db)


def read_opening_comment(sql: str) -> str:
    """The comment lines that a SQL file opens with, as one text."""
    lines = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines)
