"""Which columns a column of a model is made from, read from the SQL by sqlglot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp
from sqlglot.lineage import Node, lineage

from roster_pipeline.stage.models import Model

Columns = Mapping[tuple[str, str], Mapping[str, str]]
"""(schema, table) to its columns and their DuckDB types."""
Source = tuple[str, str, str]
"""(schema, table, column)."""


def column_lineage(model: Model, known: Columns) -> dict[str, frozenset[Source]]:
    """For each column of `model`, the columns of the tables it reads that it is made from.

    Args:
        known: the columns of every table that the model reads, so that `*` can be followed.
    """
    schema: dict[str, Any] = {}
    for (layer, table), columns in known.items():
        schema.setdefault(layer, {})[table] = columns
    nodes = lineage(None, model.sql, schema, dialect="duckdb", trim_selects=False)
    assert isinstance(nodes, dict)  # without a column, every column is answered
    return {column: _leaves(node) for column, node in nodes.items()}


def _leaves(node: Node) -> frozenset[Source]:
    return frozenset(
        (leaf.expression.db, leaf.expression.name, leaf.name.rpartition(".")[2].strip('"'))
        for leaf in node.walk()
        if isinstance(leaf.expression, exp.Table) and leaf.expression.db
    )
