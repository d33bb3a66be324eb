"""Rows of the product as frozen values, and the wall between organizations that evidence is not to reach over."""

from __future__ import annotations

from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

Kept = TypeVar("Kept")
ELSEWHERE = "in another organization"
IS_ELSEWHERE = """
    with belongs as (
        select organization_id from roster.identity_links where account_id = :account or clever_id = :clever_id
        union
        select organization_id from roster.org_memberships where account_id = :account
    )
    select exists (select from belongs) and not exists (select from belongs where organization_id = :organization)
"""


def read(pg: Connection, kind: type[Kept], query: str, **values: object) -> tuple[Kept, ...]:
    """Every row of a query, its columns named as the fields of `kind`."""
    return tuple(kind(**row) for row in pg.execute(sa.text(query), values).mappings())


def behind_walls(pg: Connection, organization_id: int, evidence: Any, key: str = "") -> Any:
    """Evidence in which an account or person that only other organizations know is no more than that it exists."""
    if isinstance(evidence, dict):
        return {name: behind_walls(pg, organization_id, value, name) for name, value in evidence.items()}
    if isinstance(evidence, list):
        return [behind_walls(pg, organization_id, value, key) for value in evidence]
    account = evidence if "account" in key and type(evidence) is int else None
    clever_id = evidence if "clever_id" in key and isinstance(evidence, str) else None
    asked = {"organization": organization_id, "account": account, "clever_id": clever_id}
    is_elsewhere = (account or clever_id) and pg.execute(sa.text(IS_ELSEWHERE), asked).scalar_one()
    return ELSEWHERE if is_elsewhere else evidence
