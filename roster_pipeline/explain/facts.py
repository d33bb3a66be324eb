"""Runs the SELECTs of `dbt_like_sql/explain/` and returns their rows. Each file says what its columns mean."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import duckdb
import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.model.queries import load_query

Row = SimpleNamespace
"""A row of a SELECT, with an attribute for each column."""
ELSEWHERE = "in another organization"
"""Stands in evidence for an account or a Clever id that other organizations alone know."""


@cache
def read_query(folder: str, name: str) -> str:
    """Return the text of `dbt_like_sql/explain/FOLDER/NAME.sql`."""
    return load_query(f"explain/{folder}", name)


def read_district(con: duckdb.DuckDBPyConnection, name: str, **values: object) -> tuple[Row, ...]:
    """Return the rows of a SELECT of the folder `district` from a district file."""
    cursor = con.execute(read_query("district", name), values) if values else con.execute(read_query("district", name))
    columns = [column for column, *_ in cursor.description or ()]
    return tuple(Row(**dict(zip(columns, row, strict=True))) for row in cursor.fetchall())


def read_product(pg: Connection, name: str, **values: object) -> tuple[Row, ...]:
    """Return the rows of a SELECT of the folder `product` from the product database."""
    return tuple(Row(**row) for row in pg.execute(sa.text(read_query("product", name)), values).mappings())


def hide_other_organizations(pg: Connection, organization_id: int, evidence: Any, key: str = "") -> Any:
    """Return evidence without the accounts and Clever ids that only other organizations know.

    Args:
        key: the key under which this part of the evidence stands.
    """
    if isinstance(evidence, dict):
        return {name: hide_other_organizations(pg, organization_id, value, name) for name, value in evidence.items()}
    if isinstance(evidence, list):
        return [hide_other_organizations(pg, organization_id, value, key) for value in evidence]
    account_id = evidence if "account" in key and type(evidence) is int else None
    clever_id = evidence if "clever_id" in key and isinstance(evidence, str) else None
    if account_id is None and clever_id is None:
        return evidence
    ids = {"organization_id": organization_id, "account_id": account_id, "clever_id": clever_id}
    (answer,) = read_product(pg, "belongs_elsewhere", **ids)
    return ELSEWHERE if answer.is_elsewhere else evidence
