"""Counts the changes of a plan as people see them. A student who joins is one change, however many rows are inserted.

The counts never name a person. `summary` turns them into sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import duckdb

from roster_pipeline.model.scope import DISTRICT, Scope
from roster_pipeline.plan.queries import fetch_rows

ChangeSummary = Mapping[str, Mapping[str, int]]
"""Counts by noun (`student`, `class`, `teacher email`), then by change (`joined`, `renamed`).

Column `roster.syncs.counts` stores these keys. `summary_words` has the words that people read.
"""
Side = Literal["all", "here", "elsewhere"]
REMOVALS = frozenset({"left", "archived", "removed", "taken out of a class", "taken out of a school"})
"""The changes that remove something."""


def count_changes(
    con: duckdb.DuckDBPyConnection,
    scope: Scope = DISTRICT,
    side: Side = "all",
    *,
    members: Sequence[int] = (),
    held: bool = False,
) -> ChangeSummary:
    """Count the changes of the plan in the DuckDB file. One change is a fact such as *a student joined a class*.

    Args:
        scope: The school or class that the counts are about, or the district.
        side: Whether to count the changes in the scope (`here`), those in the rest of the district, or all.
        members: The ids of the accounts in the class of the scope. A delta workspace lacks the class if only the name
            of a member changes.
        held: Whether to count the changes that are held, instead of those that are published.
    """
    values = {
        "held": held,
        "about": scope.subject,
        "id": scope.clever_id or "",
        "side": side,
        "members": list(members),
    }
    counts: dict[str, dict[str, int]] = {}
    for row in fetch_rows(con, "change_summary", values):
        counts.setdefault(row["noun"], {})[row["became"]] = row["fact_count"]
    return counts
