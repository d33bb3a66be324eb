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
    FEED_INCOMPLETE: "a list is empty or has records without id: it proves nothing",
}
PARTS = {
    "students": ("student would leave the district", "students would leave the district"),
    "teachers": ("teacher would leave the district", "teachers would leave the district"),
    "people": ("person would leave the district", "people would leave the district"),
    "schools": ("school would be removed", "schools would be removed"),
    "rosters": ("class would be archived", "classes would be archived"),
    "students_in_schools": ("student would leave a school", "students would leave a school"),
    "teachers_in_schools": ("teacher would leave a school", "teachers would leave a school"),
    "enrollments": ("student would leave classes", "students would leave classes"),
    "class_teachers": ("teacher would leave classes", "teachers would leave classes"),
    "names_and_emails": ("name or email would change", "names or emails would change"),
    "others": ("other change", "other changes"),
}
"""What waits, of one and of several."""
THRESHOLDS = {
    "enrollments": "students of classes",
    "class_teachers": "teachers of classes",
    "rosters": "classes",
    "students_in_schools": "students of schools",
    "teachers_in_schools": "teachers of schools",
    "names_and_emails": "names and emails",
}
"""What a threshold counts, where its own word is none for people."""


def waiting_words(leaves: Mapping[str, Any]) -> list[str]:
    """What waits of a plan: the sentence that comes first, then the parts and the total that they sum to."""
    parts = leaves.get("parts") or {}
    said = [f"{number:,} {_of_part(part, number)}" for part, number in parts.items()]
    total = f"{leaves['total']:,} removals and other changes in all" if len(parts) > 1 else None
    return [words for words in (leaves.get("sentence"), *said, total) if words]


def show_waiting(reasons: Iterable[Mapping[str, Any]], leaves: Mapping[str, Any]) -> None:
    """Why a plan waits, and what would leave which schools and classes.

    Args:
        reasons: `part`, `reason`, `limit` and `units` of each threshold that was crossed.
        leaves: as `plan.impact.describe_impact` gives it.
    """
    for words in waiting_words(leaves):
        say(words)
    say(f"Held because: {'; '.join(dict.fromkeys(_because(one) for one in reasons))}.")
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


def _of_part(name: str, number: int) -> str:
    words = PARTS.get(name, PARTS["others"])
    return words[number != 1]


def _because(one: Mapping[str, Any]) -> str:
    reason = str(one["reason"])
    said = WORDS.get(reason, reason)
    if reason == FEED_INCOMPLETE:
        return said
    units = len(one["units"] or ())
    of = THRESHOLDS.get(one["part"], one["part"].replace("_", " "))
    return f"over {one['limit']:.0%} {said} ({of}{f', {units} of them' if units > 1 else ''})"


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
