"""Writes a plan into the product: one transaction, COPY into temporary tables, then two statements an entity.

Every row written is journalled in `changes` as it was before and as it is after, in the same transaction. If fewer or
more rows are written than the plan says, the product has moved since: everything is rolled back.
"""

from __future__ import annotations

from datetime import datetime

import duckdb
import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import PlanStale
from roster_pipeline.model.entities import ENTITIES, Entity
from roster_pipeline.model.plan import Plan
from roster_pipeline.product.transfer import copy_to_postgres
from roster_pipeline.publish.targets import TARGETS, TEMPORARY_TYPES, Target

Values = dict[str, object]
WORTH_ANALYZING = 1000
"""Rows."""


def apply_plan(con: duckdb.DuckDBPyConnection, pg: Connection, plan: Plan, at: datetime) -> None:
    """Write every change of `plan` that is not held, in the transaction of `pg`.

    Args:
        at: the time that ended rows and new links are dated with.

    Raises:
        PlanStale: the product no longer has what the plan was made against; the caller's transaction must be left.
    """
    if not plan.total:
        return
    values: Values = {"organization_id": plan.organization_id, "sync_id": plan.sync_id, "at": at}
    for entity in ENTITIES:
        _send(con, pg, entity)
    pg.execute(
        sa.text(
            "update changed_accounts set account_id = nextval(pg_get_serial_sequence('roster.accounts', 'id')) "
            "where op = 'insert'"
        )
    )
    for entity in ENTITIES:
        expected = sum(plan.counts.get(entity.name, {}).values())
        written = _write(pg, entity, TARGETS[entity.name], values) if expected else 0
        if written != expected:
            raise PlanStale(
                f"Sync {plan.sync_id}: {entity.name} moved in the product while the plan was made ({expected} rows "
                f"planned, {written} found). Nothing was written; run the sync again."
            )
        if written >= WORTH_ANALYZING:
            # The next statements join what was just written; without fresh statistics they would crawl.
            _run(pg, f"analyze roster.{entity.name}")


def _send(con: duckdb.DuckDBPyConnection, pg: Connection, entity: Entity) -> None:
    """The changes of one entity, into temporary table `changed_X`."""
    columns = ("op", *entity.columns, "version")
    typed = ", ".join(f"{column} {TEMPORARY_TYPES.get(column, 'text')}" for column in columns)
    query = f"select {', '.join(columns)} from changes.{entity.name} where not held"
    copy_to_postgres(con, query, pg, f"changed_{entity.name}", typed)


def _write(pg: Connection, entity: Entity, target: Target, values: Values) -> int:
    """Change or delete, then insert, the rows of one entity: what is let go is free to be taken. Returns rows."""
    name = entity.name
    resolved = ", ".join(f"{expression} as {column}" for column, expression in target.expressions.items())
    _run(
        pg,
        f"create temporary table resolved_{name} on commit drop as "
        f"select c.op, c.version, {resolved} from changed_{name} as c {target.joins}",
        values,
    )
    written = 0
    if target.ended or entity.removal == "delete":
        _hold_still(pg, name, target)
        written += _change(pg, name, target, values) if target.ended else _delete(pg, name, target, values)
    return written + _insert(pg, name, target, values)


def _hold_still(pg: Connection, name: str, target: Target) -> None:
    """Lock the rows that are to be changed; one that was written since it was read is not among them."""
    _run(
        pg,
        f"create temporary table before_{name} on commit drop as select product.* from roster.{name} as product "
        f"join resolved_{name} as r on {_same_row(target)} and product.xmin::text = r.version "
        "where r.op <> 'insert' for update of product",
    )


def _insert(pg: Connection, name: str, target: Target, values: Values) -> int:
    columns = ", ".join(target.expressions)
    override = "overriding system value" if "id" in target.expressions else ""
    return _run(
        pg,
        f"with written as (insert into roster.{name} ({columns}) {override} "
        f"select {columns} from resolved_{name} where op = 'insert' returning *) "
        + _journal(name, target, op="'insert'", before="null", after="to_jsonb(written)", rows="written"),
        values,
    )


def _change(pg: Connection, name: str, target: Target, values: Values) -> int:
    if name == "accounts":
        # Two people may swap addresses: every address that changes is let go before any is taken.
        _run(
            pg,
            "update roster.accounts as product set email = null from before_accounts as before "
            "where product.id = before.id",
        )
    keys = ", ".join(target.key)
    assignments = ", ".join(
        [
            *(f"{column} = r.{column}" for column in target.content),
            f"{target.ended} = case r.op when 'end' then cast(:at as timestamptz) end",
        ]
    )
    return _run(
        pg,
        f"with written as (update roster.{name} as product set {assignments} from resolved_{name} as r "
        f"join before_{name} as before using ({keys}) where r.op <> 'insert' and {_same_row(target)} "
        "returning product.*, r.op as op) "
        + _journal(
            name,
            target,
            op="written.op",
            before="to_jsonb(before)",
            after="to_jsonb(written) - 'op'",
            rows=f"written join before_{name} as before using ({keys})",
        ),
        values,
    )


def _delete(pg: Connection, name: str, target: Target, values: Values) -> int:
    return _run(
        pg,
        f"with written as (delete from roster.{name} as product using before_{name} as r "
        f"where {_same_row(target)} returning product.*) "
        + _journal(name, target, op="'delete'", before="to_jsonb(written)", after="null", rows="written"),
        values,
    )


def _journal(name: str, target: Target, *, op: str, before: str, after: str, rows: str) -> str:
    key = ", ".join(f"'{column}', written.{column}" for column in target.key)
    return (
        "insert into roster.changes (sync_id, entity, key, op, before, after) "
        f"select :sync_id, '{name}', jsonb_build_object({key}), {op}, {before}, {after} from {rows}"
    )


def _same_row(target: Target) -> str:
    return " and ".join(f"product.{column} = r.{column}" for column in target.key)


def _run(pg: Connection, statement: str, values: Values | None = None) -> int:
    """Execute with only the values that the statement names."""
    clause = sa.text(statement)
    named = {name: value for name, value in (values or {}).items() if name in clause.compile().params}
    return pg.execute(clause, named).rowcount
