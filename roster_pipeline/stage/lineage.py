"""Finds the columns that each column of a model is made from. sqlglot reads them from the SQL of the model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import duckdb

from roster_pipeline.stage.models import Model

Columns = Mapping[tuple[str, str], Mapping[str, str]]
"""The columns of tables and their DuckDB types, by (schema, table)."""
Source = tuple[str, str, str]
"""(schema, table, column)."""

CREATE_CACHE = """
    create schema if not exists {catalog}lineage;
    create table if not exists {catalog}lineage.kept (made_by varchar primary key, columns json)
"""


def cached_lineage(
    con: duckdb.DuckDBPyConnection, model: Model, known: Columns, *, catalog: str = ""
) -> dict[str, frozenset[Source]]:
    """Return the result of `column_lineage` from the cache in the district file, or compute and store it.

    The cache exists because sqlglot needs as long for all models as a small sync takes.

    Args:
        known: The columns of every table that the model reads.
        catalog: The prefix of the catalog that holds the cache, with its dot. Empty for the current catalog.
    """
    text = json.dumps([model.sql, sorted((key, [*columns]) for key, columns in known.items())])
    fingerprint = sha256(text.encode()).hexdigest()
    con.execute(CREATE_CACHE.format(catalog=catalog))
    row = con.execute(f"select columns from {catalog}lineage.kept where made_by = ?", [fingerprint]).fetchone()
    if row:
        return {
            column: frozenset(tuple(source) for source in sources) for column, sources in json.loads(row[0]).items()
        }
    lineage = column_lineage(model, known)
    sources_of = json.dumps({column: sorted(sources) for column, sources in lineage.items()})
    con.execute(f"insert into {catalog}lineage.kept values (?, ?)", [fingerprint, sources_of])
    return lineage


def column_lineage(model: Model, known: Columns) -> dict[str, frozenset[Source]]:
    """Return, for each column of a model, the columns of other tables that it is made from.

    Args:
        known: The columns of every table that the model reads. sqlglot needs them to expand `*`.
    """
    from sqlglot.lineage import lineage

    schema: dict[str, Any] = {}
    for (layer, table), columns in known.items():
        schema.setdefault(layer, {})[table] = columns
    nodes = lineage(None, model.sql, schema, dialect="duckdb", trim_selects=False)
    assert isinstance(nodes, dict)  # sqlglot returns a dict if no column is named
    return {column: _leaves(node) for column, node in nodes.items()}


def _leaves(node: Any) -> frozenset[Source]:
    from sqlglot import exp

    return frozenset(
        (leaf.expression.db, leaf.expression.name, leaf.name.rpartition(".")[2].strip('"'))
        for leaf in node.walk()
        if isinstance(leaf.expression, exp.Table) and leaf.expression.db
    )
