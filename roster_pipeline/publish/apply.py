"""Writes a plan to the product in one transaction (docs/rules.md R5.18).

The changes are copied to temporary tables, and the writer writes them entity by entity. If the number of
written rows is not that of the plan, the product has changed since, and the transaction is rolled back.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache

import duckdb
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from roster_pipeline.errors import PlanStale
from roster_pipeline.messages import operator
from roster_pipeline.model.entities import ENTITIES, INSERT, Entity
from roster_pipeline.model.plan import Plan
from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.tables import accounts
from roster_pipeline.product.transfer import copy_to_postgres, create_temporary_table
from roster_pipeline.publish.statements import CreateTemporaryTable, next_id
from roster_pipeline.publish.table_mappings import TARGETS
from roster_pipeline.publish.target import CHANGED, Target
from roster_pipeline.publish.writer import resolved_table, write

UNIQUE_VIOLATION = "23505"


def apply_plan(con: duckdb.DuckDBPyConnection, pg: Connection, plan: Plan, at: datetime) -> None:
    """Write every change of a plan that is not held, in the transaction of `pg`.

    Args:
        at: the time that dates ended rows and new links.

    Raises:
        PlanStale: the product no longer has the rows that the plan was made against. The caller rolls back.
        IntegrityError: the product refused a row for another reason than a unique value.
    """
    if not plan.total:
        return
    write_as_sync(pg, plan.organization_id)
    try:
        for entity in ENTITIES:
            _copy_changes(con, pg, entity, has_rows=entity.name in plan.counts)
        _number_new_accounts(pg)
        for entity in ENTITIES:
            _write_entity(pg, plan, TARGETS[entity.name], at)
    except IntegrityError as error:
        raise _explain_conflict(error, plan) from None


def _copy_changes(con: duckdb.DuckDBPyConnection, pg: Connection, entity: Entity, *, has_rows: bool) -> None:
    """Copy the changes of one entity to the temporary table `changed_<entity>`.

    Args:
        has_rows: whether there are changes. An empty table is created without a copy.
    """
    changed = CHANGED[entity.name]
    typed = ", ".join(f"{column.name} {column.type.compile(pg.dialect)}" for column in changed.c)
    if not has_rows:
        create_temporary_table(pg, changed.name, typed)
        return
    # SQLAlchemy Core has no dialect for DuckDB.
    query = f"select {', '.join(changed.c.keys())} from changes.{entity.name} where not held"
    copy_to_postgres(con, query, pg, changed.name, typed)


def _number_new_accounts(pg: Connection) -> None:
    """Set the ids of new accounts, so that the identity links of the same plan can refer to them."""
    changed = CHANGED["accounts"]
    pg.execute(sa.update(changed).where(changed.c.op == INSERT).values(account_id=next_id(accounts)))


def _write_entity(pg: Connection, plan: Plan, target: Target, at: datetime) -> None:
    """Write the planned rows of one entity.

    Raises:
        PlanStale: the number of written rows is not that of the plan.
    """
    expected = sum(plan.counts.get(target.name, {}).values())
    written = 0
    if expected:
        _resolve_ids(pg, plan, target, at)
        written = write(pg, target, plan.sync_id)
    if written != expected:
        raise PlanStale(
            operator.text(
                "Sync {sync}: {table} changed in the product after the plan was made ({expected:,} rows planned, "
                "{written:,} found). Nothing was written. Run the sync again.",
                sync=plan.sync_id,
                table=target.name,
                expected=expected,
                written=written,
            )
        )


def _resolve_ids(pg: Connection, plan: Plan, target: Target, at: datetime) -> None:
    """Fill `resolved_<entity>` from `changed_<entity>`, with ids of the product instead of Clever ids."""
    values = {"organization_id": plan.organization_id, "sync_id": plan.sync_id, "at": at}
    pg.execute(_create_resolved_table(target), values)


@cache
def _create_resolved_table(target: Target) -> CreateTemporaryTable:
    changed = target.changed_rows
    values = [value.label(column) for column, value in target.expressions.items()]
    query = sa.select(changed.c.op, changed.c.version, *values).select_from(target.source)
    return CreateTemporaryTable(resolved_table(target).name, query)


def _explain_conflict(error: IntegrityError, plan: Plan) -> Exception:
    """Return the error to raise: `PlanStale` if another session has taken a unique value, else the given error."""
    if getattr(error.orig, "sqlstate", None) != UNIQUE_VIOLATION:
        return error
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return PlanStale(
        operator.text(
            "Sync {sync}: another district or program added a row with an id or email that this plan adds too "
            "({constraint}). Nothing was written. Run the sync again, and it will see that row.",
            sync=plan.sync_id,
            constraint=constraint,
        )
    )
