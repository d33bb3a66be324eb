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
from roster_pipeline.publish.table_mappings import TARGETS, Target

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
        # Where another sync or autovacuum gathers them already, those will do: no wait for a table with rows locked.
        run(pg, f"analyze (skip_locked) roster.{target.name}")
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
    """Lock the rows that are to be changed, in the order of their keys, and keep in `held_X` what each was.

    A row that was written since it was read is not among them. The lock lets the application go on adding rows that
    refer to these; only a row that is deleted, or of which a unique column changes, is locked against that too.
    """
    name, key = target.name, ", ".join(f"product.{column}" for column in target.key)
    run(
        pg,
        f"create temporary table held_{name} on commit drop as select r.*, product as was "
        f"from roster.{name} as product join resolved_{name} as r on {_same_row(target)} "
        "and (r.version is null or product.xmin::text = r.version) where r.op <> 'insert' "
        f"order by {key} for {'update' if target.ended is None else 'no key update'} of product",
    )
    if target.unique:
        locked = f"select from roster.{name} as product join held_{name} as r on {_same_row(target)}"
        run(
            pg, f"select count(*) from ({locked} where {_moves(target)} order by {key} for update of product) as locked"
        )


def _insert(pg: Connection, target: Target, values: Values) -> int:
    columns, key = ", ".join(target.inserted), ", ".join(target.key)
    override = "overriding system value" if "id" in target.inserted else ""
    statement = (
        f"insert into roster.{target.name} as product ({columns}) {override} "
        f"select {columns} from resolved_{target.name} where op = 'insert' order by {key}"
    )
    return _journalled(pg, target, statement, values, op="'insert'", before="null::jsonb", after="to_jsonb(product)")


def _change(pg: Connection, target: Target, values: Values) -> int:
    update = f"update roster.{target.name} as product set"
    held = f"from held_{target.name} as r where {_same_row(target)}"
    changed = [(target.changed, held)]
    if target.unique:
        others = tuple(column for column in target.changed if column != target.unique)
        held_moving = f"{held} and {_moves(target)}"
        changed = [(others, f"{held} and not {_moves(target)}"), (target.changed, held_moving)]
        held = held_moving
    if target.released:
        # Two people may swap addresses: every address that changes is let go before any is taken.
        run(pg, f"{update} {target.released} {held}")
    return sum(
        _journalled(
            pg,
            target,
            f"{update} {', '.join(f'{column} = r.{column}' for column in columns)} {rows}",
            values,
            op="r.op",
            before="to_jsonb(r.was)",
            after="to_jsonb(product)",
        )
        for columns, rows in changed
    )


def _moves(target: Target) -> str:
    """Whether the unique column of a held row changes, as SQL."""
    return f"(r.was).{target.unique} is distinct from r.{target.unique}"


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
