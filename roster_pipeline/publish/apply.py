"""Writes a plan into the product: one transaction, COPY into temporary tables, then the writer, entity by entity.

If fewer or more rows are written than the plan says, the product has moved since: everything is rolled back.
"""

from __future__ import annotations

from datetime import datetime

import duckdb
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from roster_pipeline.errors import PlanStale
from roster_pipeline.model.entities import ENTITIES, Entity
from roster_pipeline.model.plan import Plan
from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.transfer import copy_to_postgres
from roster_pipeline.publish.table_mappings import TARGETS, TEMPORARY_TYPES, Target
from roster_pipeline.publish.writer import Values, run, write

UNIQUE_VIOLATION = "23505"


def apply_plan(con: duckdb.DuckDBPyConnection, pg: Connection, plan: Plan, at: datetime) -> None:
    """Write every change of `plan` that is not held, in the transaction of `pg`.

    Args:
        at: the time that ended rows and new links are dated with.

    Raises:
        PlanStale: the product no longer has what the plan was made against; the caller's transaction must be left.
    """
    try:
        _apply(con, pg, plan, at)
    except IntegrityError as error:
        raise _claimed(error, plan) from None


def _claimed(error: IntegrityError, plan: Plan) -> Exception:
    """A row that another session has added since, such as another district with the same Clever id."""
    if getattr(error.orig, "sqlstate", None) != UNIQUE_VIOLATION:
        return error
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return PlanStale(
        f"Sync {plan.sync_id}: another district or program added a row with an id or email that this plan adds too "
        f"({constraint}). Nothing was written; run the sync again, which sees that row."
    )


def _apply(con: duckdb.DuckDBPyConnection, pg: Connection, plan: Plan, at: datetime) -> None:
    if not plan.total:
        return
    write_as_sync(pg, plan.organization_id)
    values: Values = {"organization_id": plan.organization_id, "sync_id": plan.sync_id, "at": at}
    for entity in ENTITIES:
        _send(con, pg, entity)
    run(
        pg,
        "update changed_accounts set account_id = nextval(pg_get_serial_sequence('roster.accounts', 'id')) "
        "where op = 'insert'",
    )
    for entity in ENTITIES:
        expected = sum(plan.counts.get(entity.name, {}).values())
        written = 0
        if expected:
            _resolve(pg, TARGETS[entity.name], values)
            written = write(pg, TARGETS[entity.name], plan.sync_id)
        if written != expected:
            raise PlanStale(
                f"Sync {plan.sync_id}: {entity.name} moved in the product while the plan was made ({expected} rows "
                f"planned, {written} found). Nothing was written; run the sync again."
            )


def _send(con: duckdb.DuckDBPyConnection, pg: Connection, entity: Entity) -> None:
    """The changes of one entity, into temporary table `changed_X`."""
    columns = ("op", *entity.columns, "version")
    typed = ", ".join(f"{column} {TEMPORARY_TYPES.get(column, 'text')}" for column in columns)
    query = f"select {', '.join(columns)} from changes.{entity.name} where not held"
    copy_to_postgres(con, query, pg, f"changed_{entity.name}", typed)


def _resolve(pg: Connection, target: Target, values: Values) -> None:
    """From Clever's ids to the product's: `changed_X` becomes the `resolved_X` that the writer takes."""
    resolved = ", ".join(f"{expression} as {column}" for column, expression in target.expressions.items())
    run(
        pg,
        f"create temporary table resolved_{target.name} on commit drop as "
        f"select c.op, c.version, {resolved} from changed_{target.name} as c {target.joins}",
        values,
    )
