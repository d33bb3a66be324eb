"""Writes decided rows to the roster tables of the product, each with its row of the journal.

`apply` publishes a plan, `resolve` records a decision about a review, and `undo` undoes a sync. For each of them, the
temporary table `resolved_<entity>` holds the new state of the rows. The writer also adds each row to the journal
`changes`, as it was before and as it is after, in the same transaction (docs/rules.md R5.18).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement, Connection, Executable, TableClause, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.dml import Delete, Insert, Update

from roster_pipeline.model.entities import INSERT
from roster_pipeline.product.database import as_writer
from roster_pipeline.product.tables import changes
from roster_pipeline.publish.statements import CreateTemporaryTable, drop_table, row_as_json, row_version
from roster_pipeline.publish.table_mappings import NO_TEXT, TARGETS
from roster_pipeline.publish.target import Target

ANALYZED_ROWS = 1000
"""The number of written rows from which a table gets new statistics."""
DELETE = "delete"
NO_ROW = sa.cast(sa.null(), JSONB)
WRITING_SYNC = sa.bindparam("writing_sync", type_=BigInteger)
"""The id of the sync in the journal."""


def write(pg: Connection, target: Target, sync_id: int, *, as_owner: bool = False) -> int:
    """Write the rows in `resolved_<entity>` and return how many were written.

    Rows that change or end are written before rows that are new, so that a new row may take a unique value that
    another row gives up. A row with a `version` is written only if the product still has that version.

    Args:
        as_owner: write as the owner of the tables. Role `roster_writer` sees only the rows of one organization.
    """
    with nullcontext() if as_owner else as_writer(pg, resolved_table(target).name):
        _lock_rows(pg, target)
        if target.ended:
            written = _update_rows(pg, target, sync_id)
        else:
            written = _write_with_journal(pg, _delete_statement(target), sync_id)
        written += _write_with_journal(pg, _insert_statement(target), sync_id)
    if written >= ANALYZED_ROWS:
        # The next statements join the written rows and need fresh statistics. If another session is gathering them,
        # its statistics will do, and this one does not wait for it. Core has no ANALYZE.
        pg.execute(sa.text(f"analyze (skip_locked) {target.table.fullname}"))
    return written


def write_rows(
    pg: Connection, rows: Mapping[str, Sequence[sa.Select[Any]]], sync_id: int, *, as_owner: bool = False
) -> dict[str, dict[str, int]]:
    """Write the rows of queries, in dependency order, and return the number of written rows by entity and op.

    One transaction may call this several times. A row that the queries select is not written if row-level security
    hides it or the application has deleted it.

    Args:
        rows: the queries by entity. Each selects `op` and then the columns of the target in their order.
        as_owner: as for `write`.
    """
    written: dict[str, dict[str, int]] = {}
    for target in TARGETS.values():
        if not rows.get(target.name):
            continue
        queries = sa.union_all(*rows[target.name]).subquery()
        resolved = resolved_table(target)
        query = sa.select(queries.c.op, NO_TEXT.label("version"), *(queries.c[name] for name in target.columns))
        pg.execute(CreateTemporaryTable(resolved.name, query))
        last = pg.execute(sa.select(sa.func.max(changes.c.seq)).where(changes.c.sync_id == sync_id)).scalar() or 0
        write(pg, target, sync_id, as_owner=as_owner)
        if counts := _count_journal(pg, sync_id, last):
            written[target.name] = counts
        for table in (resolved, _locked_table(target)):
            pg.execute(drop_table(table.name))
    return written


def _count_journal(pg: Connection, sync_id: int, last: int) -> dict[str, int]:
    """Count the rows that a sync has added to the journal after the row with number `last`, by op."""
    op = changes.c.op
    added = sa.select(op, sa.func.count()).where(changes.c.sync_id == sync_id, changes.c.seq > last)
    return {str(name): int(count) for name, count in pg.execute(added.group_by(op).order_by(op))}


@cache
def resolved_table(target: Target) -> TableClause:
    """Return the temporary table with the new state of the rows to write."""
    return target.temporary("resolved", sa.column("version", Text))


@cache
def _locked_table(target: Target) -> TableClause:
    """Return the temporary table with the new state of the locked rows, and their present state in `was`."""
    return target.temporary("locked", sa.column("was", JSONB))


def _lock_rows(pg: Connection, target: Target) -> None:
    """Lock the rows that change or end, in the order of their keys, and copy them to `locked_<entity>`.

    A row that was written since the plan was made is not among them. Most rows get FOR NO KEY UPDATE, so that the
    application can still insert rows that refer to them. A row that is deleted, or whose unique column changes, gets
    FOR UPDATE, and inserts that refer to it wait.
    """
    for statement in _locking_statements(target):
        pg.execute(statement)


@cache
def _locking_statements(target: Target) -> tuple[Executable, ...]:
    """Return the statements that copy the locked rows, and lock those of a changing unique column more strongly."""
    table, resolved, locked_rows = target.table, resolved_table(target), _locked_table(target)
    key = [table.c[column] for column in target.key]
    rows = (
        sa.select(*resolved.c, row_as_json(table).label("was"))
        .select_from(table.join(resolved, target.is_same_row(resolved)))
        .where(sa.or_(resolved.c.version.is_(None), row_version(table) == resolved.c.version), resolved.c.op != INSERT)
        .order_by(*key)
        .with_for_update(of=table, key_share=target.ended is not None)
    )
    create = CreateTemporaryTable(locked_rows.name, rows)
    if not target.unique:
        return (create,)
    locked = (
        sa.select(*key)
        .where(target.is_same_row(locked_rows), _changes_unique(locked_rows, target.unique))
        .order_by(*key)
        .with_for_update(of=table)
    )
    return create, sa.select(sa.func.count()).select_from(locked.subquery())


def _changes_unique(locked_rows: TableClause, unique: str) -> ColumnElement[bool]:
    """Return whether the unique column of a locked row changes."""
    before: ColumnElement[str] = locked_rows.c.was[unique].astext
    return before.is_distinct_from(locked_rows.c[unique])


@cache
def _insert_statement(target: Target) -> Insert:
    """Return the statement that adds the new rows of `resolved_<entity>`."""
    resolved = resolved_table(target)
    rows = (
        sa.select(*(resolved.c[name] for name in target.inserted))
        .where(resolved.c.op == INSERT)
        .order_by(*(resolved.c[name] for name in target.key))
    )
    insert = target.table.insert().from_select(target.inserted, rows)
    return _with_journal(target, insert, op=sa.literal(INSERT), before=NO_ROW, after=row_as_json(target.table))


def _update_rows(pg: Connection, target: Target, sync_id: int) -> int:
    """Write the locked rows of a table whose rows end. Return the number of written rows."""
    if target.released:
        # Two people may swap emails, so every email that changes is given up before any is taken.
        pg.execute(target.table.update().values(dict(target.released)).where(_gives_up_value(target)))
    return sum(_write_with_journal(pg, statement, sync_id) for statement in _update_statements(target))


def _gives_up_value(target: Target) -> ColumnElement[bool]:
    """Return whether a row of the product is locked, and its unique column changes if it has one."""
    locked_rows = _locked_table(target)
    is_locked = target.is_same_row(locked_rows)
    return sa.and_(is_locked, _changes_unique(locked_rows, target.unique)) if target.unique else is_locked


@cache
def _update_statements(target: Target) -> tuple[Insert, ...]:
    """Return the statements that write the locked rows, first those that keep the value of a unique column."""
    locked_rows = _locked_table(target)
    parts = [(target.changed, _gives_up_value(target))]
    if target.unique:
        others = tuple(column for column in target.changed if column != target.unique)
        is_kept = sa.and_(target.is_same_row(locked_rows), ~_changes_unique(locked_rows, target.unique))
        parts = [(others, is_kept), *parts]
    return tuple(
        _with_journal(
            target,
            target.table.update().values({name: locked_rows.c[name] for name in columns}).where(which),
            op=locked_rows.c.op,
            before=locked_rows.c.was,
            after=row_as_json(target.table),
        )
        for columns, which in parts
    )


@cache
def _delete_statement(target: Target) -> Insert:
    """Return the statement that deletes the locked rows of a table whose rows do not end."""
    delete = target.table.delete().where(target.is_same_row(_locked_table(target)))
    return _with_journal(target, delete, op=sa.literal(DELETE), before=row_as_json(target.table), after=NO_ROW)


def _with_journal(
    target: Target,
    statement: Insert | Update | Delete,
    *,
    op: ColumnElement[str],
    before: ColumnElement[Any],
    after: ColumnElement[Any],
) -> Insert:
    """Return a statement that executes another one and adds a row to the journal for each row that it writes."""
    key = sa.func.jsonb_build_object(
        *(part for name in target.key for part in (sa.literal(name), target.table.c[name])), type_=JSONB
    )
    written = statement.returning(key.label("key"), op.label("op"), before.label("before"), after.label("after")).cte(
        "written"
    )
    row = sa.select(WRITING_SYNC, sa.literal(target.name), *written.c)
    return changes.insert().from_select(("sync_id", "entity", "key", "op", "before", "after"), row)


def _write_with_journal(pg: Connection, statement: Insert, sync_id: int) -> int:
    """Execute a statement of `_with_journal`. Return the number of written rows."""
    values = {WRITING_SYNC.key: sync_id}
    return pg.execute(statement, values, execution_options={"preserve_rowcount": True}).rowcount
