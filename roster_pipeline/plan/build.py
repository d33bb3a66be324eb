"""Turns the differences in `changes.*` into one frozen `Plan`, and keeps it beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256

import duckdb

from roster_pipeline.errors import PlanStale
from roster_pipeline.model.entities import ENTITIES, Entity
from roster_pipeline.model.plan import Counts, Plan
from roster_pipeline.plan.brakes import Limits, hold_removals


def build_plan(
    con: duckdb.DuckDBPyConnection,
    *,
    sync_id: int,
    organization_id: int,
    district_id: str,
    emptied: Iterable[str],
    limits: Limits,
) -> Plan:
    """Hold what the brakes hold, count and digest the rest, and keep the plan in `changes.plan`.

    Args:
        emptied: resources that are empty now while the last good feed had some.
    """
    held = hold_removals(con, limits, {*emptied, *_unidentified(con)})
    plan = Plan(
        sync_id=sync_id,
        organization_id=organization_id,
        district_id=district_id,
        digest=_digest(con, held=False),
        held_digest=_digest(con, held=True),
        counts=_counts(con, held=False),
        held_counts=_counts(con, held=True),
        held=held,
    )
    con.execute("create or replace table changes.plan (plan varchar)")
    con.execute("insert into changes.plan values (?)", [json.dumps(plan.as_json())])
    return plan


def _unidentified(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Resources with a record in quarantine whose id nobody can read: whoever seems absent may be that record."""
    return {
        name for (name,) in con.execute("from quarantine.records select resource where clever_id is null").fetchall()
    }


def read_plan(con: duckdb.DuckDBPyConnection) -> Plan:
    """The plan that `changes.*` belongs to.

    Raises:
        PlanStale: the changes are no longer those of the plan, or there is no plan.
    """
    try:
        row = con.execute("select plan from changes.plan").fetchone()
    except duckdb.CatalogException:
        row = None
    if row is None:
        raise PlanStale("There is no plan for this district yet. Materialize sync/plan first.")
    plan = Plan.from_json(json.loads(row[0]))
    if _digest(con, held=False) != plan.digest:
        raise PlanStale(f"The changes of sync {plan.sync_id} are not those of its plan. Make the plan again.")
    return plan


def _counts(con: duckdb.DuckDBPyConnection, *, held: bool) -> Counts:
    counts = {}
    for entity in ENTITIES:
        rows = con.execute(
            f"select op, count(*) from changes.{entity.name} where held = ? group by op order by op", [held]
        ).fetchall()
        if rows:
            counts[entity.name] = {str(op): int(count) for op, count in rows}
    return counts


def _digest(con: duckdb.DuckDBPyConnection, *, held: bool) -> str:
    """One digest over every change. Rows are combined by addition, so that their order does not matter."""
    parts = []
    for entity in ENTITIES:
        row = con.execute(
            f"select count(*), sum(md5_number_lower({_row_text(entity)})::hugeint) from changes.{entity.name} "
            "where held = ?",
            [held],
        ).fetchone()
        parts.append(f"{entity.name}:{row}")
    return sha256("\n".join(parts).encode()).hexdigest()


def _row_text(entity: Entity) -> str:
    """A change as one text: lengths tell columns apart, and NULL from empty."""
    columns = ("op", *entity.columns, *(f"was_{column}" for column in entity.content))
    return " || ".join(
        f"coalesce(length({column}::varchar) || ':' || {column}::varchar, '-') || '|'" for column in columns
    )
