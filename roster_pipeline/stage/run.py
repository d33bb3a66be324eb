"""Builds tables from models in a district's DuckDB file, and says what they look like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import duckdb

from roster_pipeline.stage.models import Model


def run_models(con: duckdb.DuckDBPyConnection, chosen: Iterable[Model]) -> Iterator[tuple[Model, int]]:
    """Build the tables of `chosen` in the given order; yields each with its number of rows."""
    for model in chosen:
        con.execute(f"create schema if not exists {model.layer}")
        made = con.execute(f"create or replace table {model.layer}.{model.name} as {model.sql}").fetchone()
        assert made is not None  # it answers with the number of rows
        yield model, int(made[0])


def count_rows(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    row = con.execute(f'select count(*) from {schema}."{table}"').fetchone()
    assert row is not None  # count(*) always answers with one row
    return int(row[0])


def list_columns(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> Mapping[str, str]:
    """Column names with their DuckDB types, in order."""
    described = con.execute(f'select * from {schema}."{table}" limit 0').description or []
    return {name: str(kind) for name, kind, *_ in described}
