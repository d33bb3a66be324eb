"""A decision about a review, and the shape of the queries that write it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from roster_pipeline.model.entities import END
from roster_pipeline.publish.table_mappings import TARGETS

Rows = dict[str, list[sa.Select[Any]]]
"""Queries by entity, for the writer."""


@dataclass(frozen=True)
class Decision:
    """A decision about one review.

    Attributes:
        clever_id: the Clever id of the person.
        own: the account that the person is linked to.
        about: the account that the review is about.
    """

    sync_id: int
    organization_id: int
    review_id: int
    decision: str
    decided_by: str
    clever_id: str
    own: int
    about: int | None
    at: datetime


def merge(parts: Iterable[Rows]) -> Rows:
    """Return the queries of several parts by entity."""
    merged: Rows = {}
    for part in parts:
        for entity, queries in part.items():
            merged.setdefault(entity, []).extend(queries)
    return merged


def select_rows(
    decision: Decision,
    entity: str,
    op: str | ColumnElement[str],
    row: FromClause,
    source: FromClause | None = None,
    values: Mapping[str, ColumnElement[Any]] | None = None,
) -> sa.Select[Any]:
    """Select the rows of a source as they shall be: as `row` is, except for `values`, and closed if they end."""
    target = TARGETS[entity]
    new = dict(values or {})
    if op == END:
        new.update(target.ending)
    columns = [(new[name] if name in new else row.c[name]).label(name) for name in target.columns]
    label = sa.literal(op) if isinstance(op, str) else op
    query = sa.select(label.label("op"), *columns).select_from(row if source is None else source)
    return query.params(at=decision.at, sync_id=decision.sync_id)
