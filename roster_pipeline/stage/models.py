"""Loads the models of `dbt_like_sql/`. Nothing is run here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from itertools import dropwhile

import sqlglot
from sqlglot import exp

from roster_pipeline.model.queries import load_query, sql_folder

LAYERS = ("staging", "intermediate", "marts")
"""The folders of models, which are also the schemas of their tables."""


@dataclass(frozen=True)
class Model:
    """One SELECT.

    Attributes:
        layer: The folder of the file and the schema of the table.
        name: The name of the file and of the table.
        sql: The text of the file.
        description: The opening comment of the file.
        reads: The tables that the SELECT reads, as (schema, table).
    """

    layer: str
    name: str
    sql: str
    description: str
    reads: frozenset[tuple[str, str]]

    @property
    def statement(self) -> str:
        """The SQL without the opening comment, which is shown as the description."""
        lines = self.sql.splitlines()
        return "\n".join(dropwhile(lambda line: line.startswith("--"), lines)).strip()

    @property
    def key(self) -> tuple[str, str]:
        """The schema and the name of the table."""
        return self.layer, self.name


@cache
def load_models() -> tuple[Model, ...]:
    """Return every model. Each model follows the models that it reads."""
    by_key = {model.key: model for layer in LAYERS for model in _load_layer(layer)}
    order = TopologicalSorter({key: model.reads & by_key.keys() for key, model in by_key.items()})
    return tuple(by_key[key] for key in order.static_order())


def _load_layer(layer: str) -> Iterator[Model]:
    for path in sorted(sql_folder(layer).glob("*.sql")):
        sql = load_query(layer, path.stem)
        yield Model(layer, path.stem, sql, read_opening_comment(sql), find_tables(sql))


@cache
def find_tables(sql: str) -> frozenset[tuple[str, str]]:
    """Return the (schema, table) names that a SELECT reads, without its own CTEs."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    return frozenset((table.db, table.name) for table in tree.find_all(exp.Table) if table.db)


def read_opening_comment(sql: str) -> str:
    """Return the comment lines at the top of a SQL file as one text."""
    lines = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines)
