"""The one writer of the product's roster tables: rows that are decided go in, with their journal.

Whoever wants something written (`apply` a plan, `resolve` a review, `undo` a sync) leaves in temporary table
`resolved_X` what the rows of entity X shall be, in the product's own columns, and calls `write` in dependency order.
Every row is journalled in `changes` as it was before and as it is after, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.database import as_writer
from roster_pipeline.publish.targets import TARGETS, Target

Values = dict[str, Any]
WORTH_ANALYZING = 1000
"""Rows."""


def write(pg: Connection, target: Target, sync_id: int, *, as_owner: bool = False) -> int:
    """Change or delete, then insert, the rows in `resolved_X`: what is let go is free to be taken.

    `resolved_X` has `op`, `version` (the row is written only if it still has it; NULL: whatever it has now) and the
    columns of the target. Returns rows written.

    Args:
        as_owner: the rows are of several organizations, so they are not written as the role that sees one of them.
    """
    values: Values = {"sync_id": sync_id}
    with nullcontext() if as_owner else as_writer(pg, f"resolved_{target.name}"):
        _hold_still(pg, target)
        written = _delete(pg, target, values) if target.ended is None else _change(pg, target, values)
        written += _insert(pg, target, values)
    if written >= WORTH_ANALYZING:
        # The next statements join what was just written; without fresh statistics they would crawl.
        run(pg, f"analyze roster.{target.name}")
    return written


def write_rows(
    pg: Connection, rows: Mapping[str, Sequence[str]], values: Values, *, as_owner: bool = False
) -> dict[str, dict[str, int]]:
    """Write rows that queries of the product itself give, by entity, in dependency order; returns rows by op.

    It may be called several times in one transaction.

    Args:
        rows: entity to queries, each giving `op` and the target's columns.
        as_owner: as for `write`.
    """
    written: dict[str, dict[str, int]] = {}
    for target in TARGETS.values():
        if not rows.get(target.name):
            continue
        columns = ", ".join(target.expressions)
        union = " union all ".join(f"select op, {columns} from ({query}) as q" for query in rows[target.name])
        run(
            pg,
            f"create temporary table resolved_{target.name} on commit drop as "
            f"select op, null::text as version, {columns} from ({union}) as rows",
            values,
        )
        write(pg, target, int(values["sync_id"]), as_owner=as_owner)
        ops = pg.execute(sa.text(f"select op, count(*) from resolved_{target.name} group by op order by op"))
        if counts := {str(op): int(count) for op, count in ops}:
            written[target.name] = counts
        run(pg, f"drop table resolved_{target.name}, held_{target.name}")
    return written


def run(pg: Connection, statement: str, values: Values | None = None) -> int:
    """Execute with only the values that the statement names; returns rows."""
    clause = sa.text(statement)
    named = {name: value for name, value in (values or {}).items() if name in clause.compile().params}
    return pg.execute(clause, named).rowcount


def _hold_still(pg: Connection, target: Target) -> None:
    """Lock the rows that are to be changed, and keep in `held_X` what each shall be beside what it `was`.

    One that was written since it was read is not among them.
    """
    name = target.name
    run(
        pg,
        f"create temporary table held_{name} on commit drop as select r.*, product as was "
        f"from roster.{name} as product join resolved_{name} as r on {_same_row(target)} "
        "and (r.version is null or product.xmin::text = r.version) where r.op <> 'insert' for update of product",
    )


def _insert(pg: Connection, target: Target, values: Values) -> int:
    columns = ", ".join(target.inserted)
    override = "overriding system value" if "id" in target.inserted else ""
    statement = (
        f"insert into roster.{target.name} as product ({columns}) {override} "
        f"select {columns} from resolved_{target.name} where op = 'insert'"
    )
    return _journalled(pg, target, statement, values, op="'insert'", before="null::jsonb", after="to_jsonb(product)")


def _change(pg: Connection, target: Target, values: Values) -> int:
    update = f"update roster.{target.name} as product set"
    held = f"from held_{target.name} as r where {_same_row(target)}"
    if target.released:
        # Two people may swap addresses: every address that changes is let go before any is taken.
        run(pg, f"{update} {target.released} {held}")
    assignments = ", ".join(f"{column} = r.{column}" for column in target.changed)
    statement = f"{update} {assignments} {held}"
    return _journalled(pg, target, statement, values, op="r.op", before="to_jsonb(r.was)", after="to_jsonb(product)")


def _delete(pg: Connection, target: Target, values: Values) -> int:
    statement = f"delete from roster.{target.name} as product using held_{target.name} as r where {_same_row(target)}"
    return _journalled(pg, target, statement, values, op="'delete'", before="to_jsonb(product)", after="null::jsonb")


def _journalled(
    pg: Connection, target: Target, statement: str, values: Values, *, op: str, before: str, after: str
) -> int:
    """Execute, and journal each row that was written; returns rows."""
    key = ", ".join(f"'{column}', product.{column}" for column in target.key)
    return run(
        pg,
        f"with written as ({statement} returning jsonb_build_object({key}) as key, {op} as op, {before} as before, "
        f"{after} as after) insert into roster.changes (sync_id, entity, key, op, before, after) "
        f"select :sync_id, '{target.name}', key, op, before, after from written",
        values,
    )


def _same_row(target: Target) -> str:
    return " and ".join(f"product.{column} = r.{column}" for column in target.key)
