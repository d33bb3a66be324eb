"""The decision about one review, and the helpers that build the queries which write it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from roster_pipeline.model.entities import END
from roster_pipeline.publish.table_mappings import TARGETS

RowQueries = dict[str, list[sa.Select[Any]]]
"""Queries by entity. `publish.writer.write_rows` writes the rows that they select."""


@dataclass(frozen=True)
class Decision:
    """A decision about one review.

    Attributes:
        sync_id: the sync that records the decision.
        decision: `link`, `relink`, `same`, `create` or `different`.
        clever_id: the Clever id of the person.
        current_account: the id of the account that the person is linked to.
        reviewed_account: the id of the account that the review asks about. None if the review names no account.
        is_login: no identity link leads to the current account. A login of the person opens it (`flagged_login`).
        proof: the name under which the evidence of the new identity link says that the person has proven to own the
            reviewed account. None if the person has not.
    """

    sync_id: int
    organization_id: int
    review_id: int
    decision: str
    decided_by: str
    clever_id: str
    current_account: int
    reviewed_account: int | None
    at: datetime
    is_login: bool = False
    proof: str | None = None


def combine_queries(parts: Iterable[RowQueries]) -> RowQueries:
    """Combine several `RowQueries` into one."""
    combined: RowQueries = {}
    for part in parts:
        for entity, queries in part.items():
            combined.setdefault(entity, []).extend(queries)
    return combined


def select_rows(
    decision: Decision,
    entity: str,
    op: str | ColumnElement[str],
    row: FromClause,
    source: FromClause | None = None,
    values: Mapping[str, ColumnElement[Any]] | None = None,
) -> sa.Select[Any]:
    """Build the query that selects the new state of rows: an op and every column that the writer writes.

    Args:
        op: the op for the writer, such as `update`. A row with op `end` also gets the values of a row that ended.
        row: the table or alias that gives the columns which `values` does not have.
        source: the tables to select from. None selects from `row`.
        values: the new values by column.
    """
    target = TARGETS[entity]
    new = dict(values or {})
    if isinstance(op, str) and op == END:
        new.update(target.ending)
    columns = [(new[name] if name in new else row.c[name]).label(name) for name in target.columns]
    label = sa.literal(op) if isinstance(op, str) else op
    query = sa.select(label.label("op"), *columns).select_from(row if source is None else source)
    return query.params(at=decision.at, sync_id=decision.sync_id)
