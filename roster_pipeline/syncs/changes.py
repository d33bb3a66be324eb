"""Reads what one sync or correction changed, from its journal, as people count changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.model.queries import load_query
from roster_pipeline.plan.change_summary import ChangeSummary


@dataclass(frozen=True)
class Change:
    """One change of one person, class or school.

    Attributes:
        noun: what changed, such as `student`, `class` or `teacher email`.
        became: the change, such as `joined`.
        changes: the number of all changes of this noun and kind.
        place: the place of this change among them, by name.
        places: the number of classes or schools for which the same person changed in this way.
    """

    noun: str
    became: str
    changes: int
    place: int
    account_id: int | None
    roster_id: int | None
    school_id: int | None
    name: str
    class_name: str | None
    school_name: str | None
    old_name: str | None
    new_name: str | None
    old_email: str | None
    new_email: str | None
    places: int


def list_changes(
    pg: Connection,
    sync_id: int,
    *,
    sees_all: bool,
    most: int,
    roster_id: int | None = None,
    school_id: int | None = None,
) -> list[Change]:
    """Return the changes of a sync by noun and kind.

    Args:
        sees_all: whether the reader sees the whole organization. Otherwise the changes of what the transaction sees are
            returned, without reviews.
        most: the greatest number of changes of one noun and kind.
        roster_id: the class whose changes are wanted. None for all.
        school_id: the school whose changes are wanted. None for all.
    """
    values = {
        "sync_id": sync_id,
        "sees_all": sees_all,
        "most": most,
        "roster_id": roster_id,
        "school_id": school_id,
    }
    rows = pg.execute(sa.text(load_query("syncs", "changes_of_sync")), values)
    return [Change(**row) for row in rows.mappings()]


def list_changes_of_schools(
    pg: Connection, sync_ids: Collection[int], school_ids: Collection[int]
) -> dict[tuple[int, int], ChangeSummary]:
    """Return what each of some syncs did to the people and classes of each school, by school and sync.

    The newest sync comes first. A sync that changed nothing in a school is left out.
    """
    values = {"sync_ids": list(sync_ids), "school_ids": list(school_ids)}
    changes: dict[tuple[int, int], dict[str, dict[str, int]]] = {}
    for row in pg.execute(sa.text(load_query("syncs", "changes_of_schools")), values):
        counts = changes.setdefault((row.school_id, row.sync_id), {})
        counts.setdefault(row.noun, {})[row.became] = row.changes
    return {**changes}


def count_listed(changes: Iterable[Change]) -> ChangeSummary:
    """Return the counts of listed changes, as the change summary of a sync has them."""
    counts: dict[str, dict[str, int]] = {}
    for (noun, became), group in groupby(changes, key=lambda change: (change.noun, change.became)):
        counts.setdefault(noun, {})[became] = next(group).changes
    return counts
