"""Loads and runs the SELECTs of `dbt_like_sql/plan`. Their tables are in schema `plan` of the DuckDB file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import duckdb

from roster_pipeline.model.queries import load_query

EPHEMERAL = ("parts", "identity_updates", "place_removals", "person_facts", "place_facts")
"""SELECTs that no table stores. As an ephemeral model of dbt, each is inlined where another SELECT reads it."""


@cache
def load_plan_query(name: str) -> str:
    """Return the text of a SELECT of `dbt_like_sql/plan`. The ephemeral SELECTs that it reads are inlined."""
    sql = load_query("plan", name)
    for other in EPHEMERAL:
        parts = re.split(rf"\bplan\.{other}\b", sql)
        if len(parts) > 1:
            sql = f"({load_plan_query(other)})".join(parts)
    return sql


def create_table(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Create the table `plan.<name>` from its SELECT."""
    con.execute(f"create or replace table plan.{name} as {load_plan_query(name)}")


def fetch_rows(
    con: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """Run a SELECT and return each row as a dictionary.

    Args:
        query: The name of a SELECT of `dbt_like_sql/plan`.
        values: The values of its parameters.
    """
    return rows_of(con.execute(load_plan_query(query), values or {}))


def rows_of(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return each row of the last executed statement as a dictionary."""
    columns = [column for column, *_ in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
