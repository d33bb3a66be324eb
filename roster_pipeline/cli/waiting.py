"""How removals that wait read on the screen: why they wait, which schools and classes they are of, and who."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from roster_pipeline.cli.screen import say, show_table
from roster_pipeline.model.plan import FEED_INCOMPLETE

SHOWN = 15
"""Schools and classes on the screen; --json has more."""
PEOPLE_SHOWN = 200
WORDS = {
    "class_removals": "of a class",
    "school_removals": "of a school",
    "district_removals": "of the district",
    "window_removals": "of the district in seven days",
    "district_updates": "of the district's names and emails",
    FEED_INCOMPLETE: "its list is empty or has records without id: it proves nothing",
}
PARTS = {
    "enrollments": "class students",
    "rosters": "classes",
    "names_and_emails": "people who get another name or email",
}


def show_waiting(reasons: Iterable[Mapping[str, Any]], leaves: Mapping[str, Any]) -> None:
    """Why a plan waits, and what would leave which schools and classes.

    Args:
        reasons: `part`, `reason`, `removals`, `of`, `limit` and `units` of each.
        leaves: as `plan.consequences.consequences` gives it.
    """
    why = [(_part(one["part"]), f"{one['removals']:,} of {one['of']:,}", _because(one)) for one in reasons]
    show_table(None, ["what waits", "how many", "held because"], why)
    if people := leaves.get("people_who_leave_the_district"):
        say("Leave the district: " + ", ".join(f"{count:,} {role}" for role, count in people.items()))
    for kind, columns in (
        ("schools", ("name", "students", "teachers", "classes_archived")),
        ("classes", ("name", "school", "students", "archived")),
    ):
        named = leaves.get(f"{kind}_named") or []
        if named:
            shown = [tuple(_word(one[column]) for column in columns) for one in named[:SHOWN]]
            show_table(_titled(leaves[kind], kind), [column.replace("_", " ") for column in columns], shown)
        if leaves.get(kind, 0) > SHOWN:
            say(f"… and {leaves[kind] - SHOWN:,} more {kind}")


def show_people(found: Mapping[str, list[dict[str, Any]]]) -> None:
    """Who would leave what, and whose name or email would change."""
    columns = ("clever_id", "role", "name", "leaves")
    leaving = [(one["clever_id"], one["role"], _name(one), _leaves(one)) for one in found["people"]]
    renamed = [(one["clever_id"], one["role"], _name(one, "was_"), _name(one)) for one in found["renamed"]]
    for title, heads, rows in (
        ("people who would leave", columns, leaving),
        ("people who would be renamed", ("clever_id", "role", "is", "becomes"), renamed),
    ):
        if rows:
            show_table(f"{len(rows):,} {title}", heads, rows[:PEOPLE_SHOWN])
        if len(rows) > PEOPLE_SHOWN:
            say(f"… and {len(rows) - PEOPLE_SHOWN:,} more; --json lists them all.")


def _titled(count: int, kind: str) -> str:
    return f"{count:,} {kind if count != 1 else {'schools': 'school', 'classes': 'class'}[kind]}"


def _part(name: str) -> str:
    return PARTS.get(name, name.replace("_", " "))


def _because(one: Mapping[str, Any]) -> str:
    reason = str(one["reason"])
    said = WORDS.get(reason, reason)
    if reason == FEED_INCOMPLETE:
        return said
    units = len(one["units"] or ())
    return f"over {one['limit']:.0%} {said}{f' ({units} of them)' if units > 1 else ''}"


def _leaves(one: Mapping[str, Any]) -> str:
    """What somebody would leave, the largest only: whoever leaves the district leaves all of it."""
    if one["leaves_the_district"]:
        return "the district"
    counts = ((one["schools"], "school", "schools"), (one["classes"], "class", "classes"))
    return ", ".join(f"{count} {single if count == 1 else several}" for count, single, several in counts if count)


def _name(one: Mapping[str, Any], of: str = "") -> str:
    names = " ".join(filter(None, (one[f"{of}first_name"], one[f"{of}last_name"])))
    email = one.get(f"{of}email")
    return f"{names} <{email}>" if email else names


def _word(value: object) -> object:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
