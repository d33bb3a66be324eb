"""Describes the impact of a hold: what the plan will remove from which schools and classes if a person approves it.

The impact has names of schools and classes and counts of people. It is stored with the sync. The list of
people is printed by a command and never stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb

from roster_pipeline.messages import product
from roster_pipeline.model.plan import FEED_INCOMPLETE, HeldPart
from roster_pipeline.plan.build import load_plan
from roster_pipeline.plan.queries import fetch_rows
from roster_pipeline.plan.summary_words import PART_NAMES

words = product()
MAX_LISTED = 50
"""The greatest number of schools, and of classes, that the impact names. The others are only counted."""


def describe_impact(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return the impact of the held changes of the stored plan.

    Returns:
        The sentence about the largest part, the total, the counts by part, the schools and classes with the most
        removals, and counts of people. The result is empty if nothing is held.
    """
    plan = load_plan(con)
    schools, classes = fetch_rows(con, "impact_schools"), fetch_rows(con, "impact_classes")
    totals = {"sentence": plan.sentence, "total": sum(plan.parts.values()), "parts": dict(plan.parts)}
    if not schools and not classes:
        return totals if plan.held else {}
    return {
        **totals,
        "people_who_leave_the_district": {f"{row['role']}s": row["people"] for row in fetch_rows(con, "impact_people")},
        "schools": len(schools),
        "classes": len(classes),
        "schools_named": schools[:MAX_LISTED],
        "classes_named": classes[:MAX_LISTED],
    }


def list_people_on_hold(con: duckdb.DuckDBPyConnection) -> dict[str, list[dict[str, Any]]]:
    """Return the people who would lose a membership (`people`) or get another name or email (`renamed`)."""
    return {"people": fetch_rows(con, "people_who_leave"), "renamed": fetch_rows(con, "people_who_are_renamed")}


def describe_reasons(held: Iterable[HeldPart]) -> str:
    """Return every crossed threshold in words, such as `district_removals (students, over 10%)`."""
    return ", ".join(f"{part.reason} ({_describe_threshold(part)})" for part in held)


def _describe_threshold(held: HeldPart) -> str:
    part = words.text(PART_NAMES[held.part]) if held.part in PART_NAMES else held.part
    if held.reason == FEED_INCOMPLETE:
        return part
    return words.text("{part}, over {limit}", part=part, limit=f"{held.limit:.0%}")
