"""Which columns a column of a model is made from, read from the SQL by sqlglot and remembered in the warehouse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import duckdb

from roster_pipeline.stage.models import Model

Columns = Mapping[tuple[str, str], Mapping[str, str]]
"""(schema, table) to its columns and their DuckDB types."""
Source = tuple[str, str, str]
"""(schema, table, column)."""


KEPT = """
    create schema if not exists {catalog}lineage;
    create table if not exists {catalog}lineage.kept (made_by varchar primary key, columns json)
"""


def cached_lineage(
    con: duckdb.DuckDBPyConnection, model: Model, known: Columns, *, catalog: str = ""
) -> dict[str, frozenset[Source]]:
    """`column_lineage`, read once for each version of a model: reading takes sqlglot as long as a small sync takes.

    Args:
        catalog: of the warehouse, with a dot, where it is not the one in use.
    """
    made_by = sha256(json.dumps([model.sql, sorted((key, [*columns]) for key, columns in known.items())]).encode())
    con.execute(KEPT.format(catalog=catalog))
    kept = con.execute(f"select columns from {catalog}lineage.kept where made_by = ?", [made_by.hexdigest()]).fetchone()
    if kept:
        return {
            column: frozenset(tuple(source) for source in sources) for column, sources in json.loads(kept[0]).items()
        }
    found = column_lineage(model, known)
    text = json.dumps({column: sorted(sources) for column, sources in found.items()})
    con.execute(f"insert into {catalog}lineage.kept values (?, ?)", [made_by.hexdigest(), text])
    return found


def column_lineage(model: Model, known: Columns) -> dict[str, frozenset[Source]]:
    """For each column of `model`, the columns of the tables it reads that it is made from.

    Args:
        known: the columns of every table that the model reads, so that `*` can be followed.
    """
    from sqlglot.lineage import lineage

    schema: dict[str, Any] = {}
    for (layer, table), columns in known.items():
        schema.setdefault(layer, {})[table] = columns
    nodes = lineage(None, model.sql, schema, dialect="duckdb", trim_selects=False)
    assert isinstance(nodes, dict)  # without a column, every column is answered
    return {column: _leaves(node) for column, node in nodes.items()}


def _leaves(node: Any) -> frozenset[Source]:
    from sqlglot import exp

    return frozenset(
        (leaf.expression.db, leaf.expression.name, leaf.name.rpartition(".")[2].strip('"'))
        for leaf in node.walk()
        if isinstance(leaf.expression, exp.Table) and leaf.expression.db
    )
