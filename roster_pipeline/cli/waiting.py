"""How a hold reads on the screen: why it waits, which schools and classes it concerns, and whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from roster_pipeline.cli.screen import say, show_table
from roster_pipeline.messages import operator
from roster_pipeline.model.plan import FEED_INCOMPLETE
from roster_pipeline.plan.summary_words import PART_NAMES
from roster_pipeline.syncs.held_parts import REASONS, describe_parts

MOST_PLACES = 15
"""Schools and classes on the screen. The JSON has more."""
MOST_PEOPLE = 200
INCOMPLETE_LIST = operator.mark("a list is empty or has records without an ID, which proves nothing")
LEAVING = {
    "students": operator.plural("{n:,} student", "{n:,} students"),
    "teachers": operator.plural("{n:,} teacher", "{n:,} teachers"),
    "admins": operator.plural("{n:,} admin", "{n:,} admins"),
}
PLACES = {
    "schools": (
        operator.plural("{n:,} school", "{n:,} schools"),
        operator.plural("… and {n:,} more school", "… and {n:,} more schools"),
        {
            "name": operator.mark("name"),
            "students": operator.mark("students"),
            "teachers": operator.mark("teachers"),
            "classes_archived": operator.mark("classes archived"),
        },
    ),
    "classes": (
        operator.plural("{n:,} class", "{n:,} classes"),
        operator.plural("… and {n:,} more class", "… and {n:,} more classes"),
        {
            "name": operator.mark("name"),
            "school": operator.mark("school"),
            "students": operator.mark("students"),
            "archived": operator.mark("archived"),
        },
    ),
}
"""The heading, the line about those that are not shown, and the columns."""


def describe_held(impact: Mapping[str, Any]) -> list[str]:
    """Return what a plan holds, a line each: the sentence that comes first, the parts, and their total."""
    lines = (impact.get("sentence"), *describe_parts(impact.get("parts") or {}))
    return [line for line in lines if line]


def show_held(reasons: Iterable[Mapping[str, Any]], impact: Mapping[str, Any]) -> None:
    """Show why a plan is held, and what would leave which schools and classes.

    Args:
        reasons: `part`, `reason`, `limit` and `units` of each threshold that was crossed.
        impact: the value of `plan.impact.describe_impact`.
    """
    for line in describe_held(impact):
        say(line)
    because = "; ".join(dict.fromkeys(_describe_reason(reason) for reason in reasons))
    say(operator.text("On hold because {reasons}.", reasons=because))
    if people := impact.get("people_who_leave_the_district"):
        counts = [operator.count(*LEAVING[role], n) for role, n in people.items()]
        say(operator.text("Would leave the district: {counts}.", counts=operator.join(counts)))
    for kind, (heading, more, columns) in PLACES.items():
        rows = [tuple(_cell(row[column]) for column in columns) for row in impact.get(f"{kind}_named") or []]
        if rows:
            heads = [operator.text(column) for column in columns.values()]
            show_table(operator.count(*heading, impact[kind]), heads, rows[:MOST_PLACES])
        if impact.get(kind, 0) > MOST_PLACES:
            say(operator.count(*more, impact[kind] - MOST_PLACES))


def show_people(people: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Show who would leave what, and whose name or email would change."""
    leaving = [(row["clever_id"], row["role"], _name(row), _leaves(row)) for row in people["people"]]
    renamed = [(row["clever_id"], row["role"], _name(row, "was_"), _name(row)) for row in people["renamed"]]
    person = [operator.text("Clever ID"), operator.text("role")]
    if leaving:
        title = operator.count("{n:,} person who would leave", "{n:,} people who would leave", len(leaving))
        columns = [*person, operator.text("name"), operator.text("leaves")]
        _show_first(title, columns, leaving)
    if renamed:
        title = operator.count("{n:,} person who would be renamed", "{n:,} people who would be renamed", len(renamed))
        _show_first(title, [*person, operator.text("is"), operator.text("becomes")], renamed)


def _show_first(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    show_table(title, columns, rows[:MOST_PEOPLE])
    if len(rows) > MOST_PEOPLE:
        say(operator.text("… and {n:,} more; --json lists them all.", n=len(rows) - MOST_PEOPLE))


def _describe_reason(reason: Mapping[str, Any]) -> str:
    name, part = str(reason["reason"]), str(reason["part"])
    if name == FEED_INCOMPLETE:
        return operator.text(INCOMPLETE_LIST)
    part_name = operator.text(PART_NAMES[part]) if part in PART_NAMES else part.replace("_", " ")
    return operator.count(
        *REASONS[name], len(reason["units"] or ()) or 1, limit=f"{reason['limit']:.0%}", part=part_name
    )


def _leaves(row: Mapping[str, Any]) -> str:
    """Return what a person would leave. Who leaves the district leaves all of it."""
    if row["leaves_the_district"]:
        return operator.text("the district")
    schools, classes = row["schools"], row["classes"]
    counts = [operator.count("{n} school", "{n} schools", schools)] if schools else []
    counts += [operator.count("{n} class", "{n} classes", classes)] if classes else []
    return ", ".join(counts)


def _name(row: Mapping[str, Any], prefix: str = "") -> str:
    names = " ".join(filter(None, (row[f"{prefix}first_name"], row[f"{prefix}last_name"])))
    email = row.get(f"{prefix}email")
    return f"{names} <{email}>" if email else names


def _cell(value: object) -> object:
    if not isinstance(value, bool):
        return value
    return operator.text("yes") if value else operator.text("no")
