"""Applies the thresholds of docs/rules.md R5.4-R5.9, and marks the changes that wait for approval as held.

Each threshold is one SELECT of `dbt_like_sql/plan`, which returns the parts, classes or schools that cross it. The
thresholds are checked in this order: incomplete lists, classes, schools, the district. A change that one of them holds
does not count for the next ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import asdict
from typing import Any

import duckdb

from roster_pipeline.model.limits import Limits
from roster_pipeline.model.plan import FEED_INCOMPLETE, HeldPart
from roster_pipeline.plan.queries import create_table, fetch_rows, load_plan_query, rows_of

WINDOW_REMOVALS = "window_removals"
THRESHOLDS = (
    FEED_INCOMPLETE,
    "class_removals",
    "school_removals",
    "district_removals",
    "district_updates",
    WINDOW_REMOVALS,
)
"""The thresholds in the order in which they are checked. Each is the name of a SELECT and of a rule."""


def hold_changes(
    con: duckdb.DuckDBPyConnection,
    limits: Limits,
    incomplete: Set[str],
    recent_removals: Mapping[str, int],
    *,
    missing: Set[str] = frozenset(),
) -> tuple[HeldPart, ...]:
    """Set `held` in `changes.*` for every change that a crossed threshold holds.

    Args:
        incomplete: The Clever lists that did not pass the completeness check. Removals that these lists would prove are
            held.
        recent_removals: The number of rows that were removed in the last seven days, by part.
        missing: The sections whose end counts as the removal of all students of the class.

    Returns:
        One `HeldPart` for each threshold and part that crosses it, in the order in which they were checked.
    """
    con.execute("create schema if not exists plan")
    store_inputs(con, limits, incomplete, recent_removals, missing)
    create_table(con, "holdable_changes")
    if con.execute("from plan.holdable_changes limit 1").fetchone() is None:
        return ()
    create_table(con, "baseline_counts")
    unneeded = {FEED_INCOMPLETE: not incomplete, WINDOW_REMOVALS: not recent_removals}
    thresholds = [threshold for threshold in THRESHOLDS if not unneeded.get(threshold)]
    crossed = tuple(held for threshold in thresholds for held in _apply_threshold(con, threshold))
    _copy_held(con)
    return crossed


def count_removals(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count the rows that the plan removes without approval, by part. Call `hold_changes` first."""
    return {row["part"]: row["removals"] for row in fetch_rows(con, "removed_counts")}


def store_inputs(
    con: duckdb.DuckDBPyConnection,
    limits: Limits,
    incomplete: Set[str],
    recent_removals: Mapping[str, int],
    missing: Set[str] = frozenset(),
) -> None:
    """Store the arguments of `hold_changes` as tables of schema `plan`, where the SELECTs read them."""
    columns = ", ".join(f"? as {name}" for name in asdict(limits))
    con.execute(f"create or replace table plan.limits as select {columns}", [*asdict(limits).values()])
    lists = "select unnest(?::varchar[]) as resource"
    con.execute(f"create or replace table plan.incomplete_lists as {lists}", [sorted(incomplete)])
    sections = "select unnest(?::varchar[]) as section_id"
    con.execute(f"create or replace table plan.missing_sections as {sections}", [sorted(missing)])
    counts = "select unnest(?::varchar[]) as part, unnest(?::bigint[]) as removals"
    values = [[*recent_removals], [*recent_removals.values()]]
    con.execute(f"create or replace table plan.recent_removals as {counts}", values)


def _apply_threshold(con: duckdb.DuckDBPyConnection, threshold: str) -> Iterator[HeldPart]:
    """Hold the changes of each part that crosses a threshold, one part after the other.

    A threshold checks its parts in the order of their `step` in `parts.sql`. Changes that one part holds do not count
    for the next.
    """
    last_step = 0
    while rows := _find_crossed(con, threshold, last_step):
        last_step = rows[0]["step"]
        _hold(con, "changes_to_hold")
        while _hold(con, "changes_to_hold_together"):
            pass  # a person who is held with one school can be a member of another one that would end
        yield HeldPart(
            part=rows[0]["part"],
            reason=threshold,
            removals=sum(row["removals"] for row in rows),
            of=sum(row["row_count"] for row in rows),
            limit=rows[0]["share"],
            units=tuple(row["unit"] for row in rows if row["unit"] is not None),
        )


def _find_crossed(con: duckdb.DuckDBPyConnection, threshold: str, last_step: int) -> list[dict[str, Any]]:
    """Find the first part after `last_step` that crosses a threshold, and fill `plan.crossed_thresholds` with it.

    Returns:
        One row if the part crosses the threshold in the whole district, or one for each class or school.
    """
    query = (
        f"select ? as reason, * from ({load_plan_query(threshold)}) where step > ? "
        "qualify step = min(step) over () order by unit"
    )
    rows = rows_of(con.execute(query, [threshold, last_step]))
    if rows:
        con.execute(f"create or replace table plan.crossed_thresholds as {query}", [threshold, last_step])
    return rows


def _hold(con: duckdb.DuckDBPyConnection, query: str) -> int:
    """Set `is_held` for the changes that a SELECT returns. Return their number."""
    row = con.execute(
        "update plan.holdable_changes set is_held = true "
        f"where (entity, change_id) in (select (entity, change_id) from ({load_plan_query(query)}))"
    ).fetchone()
    assert row is not None  # DuckDB answers UPDATE with the number of rows
    return int(row[0])


def _copy_held(con: duckdb.DuckDBPyConnection) -> None:
    """Copy `is_held` from `plan.holdable_changes` to the column `held` of `changes.*`."""
    held = "from plan.holdable_changes where is_held"
    for (entity,) in con.execute(f"select distinct entity {held}").fetchall():
        con.execute(
            f"update changes.{entity} set held = true where rowid in (select change_id {held} and entity = '{entity}')"
        )
