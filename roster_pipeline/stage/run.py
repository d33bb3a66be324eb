"""Builds the tables of models in the DuckDB file of a district, and describes tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import duckdb

from roster_pipeline.stage.models import Model


def run_models(con: duckdb.DuckDBPyConnection, models: Iterable[Model]) -> Iterator[tuple[Model, int]]:
    """Build the table of each model in the given order.

    Yields:
        Each model with the number of rows of its new table.
    """
    for model in models:
        con.execute(f"create schema if not exists {model.layer}")
        row = con.execute(f"create or replace table {model.layer}.{model.name} as {model.sql}").fetchone()
        assert row is not None  # DuckDB answers CREATE TABLE AS with the number of rows
        yield model, int(row[0])


def count_rows(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    """Return the number of rows of a table."""
    row = con.execute(f'select count(*) from {schema}."{table}"').fetchone()
    assert row is not None  # count(*) always returns one row
    return int(row[0])


def fingerprint_rows(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> tuple[int, int]:
    """Return the number of rows of a table, and a number that stands for their content in any order.

    The column `sync_id` is left out. It says which sync has read a row, and a full sync reads every row.
    """
    columns = ", ".join(f'"{name}"' for name in list_columns(con, schema, table) if name != "sync_id")
    row = con.execute(f'select count(*), coalesce(sum(hash({columns})), 0) from {schema}."{table}"').fetchone()
    assert row is not None  # an aggregate always returns one row
    return int(row[0]), int(row[1])


def list_columns(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> Mapping[str, str]:
    """Return the columns of a table in order, each with its DuckDB type."""
    described = con.execute(f'select * from {schema}."{table}" limit 0').description or []
    return {name: str(kind) for name, kind, *_ in described}
