"""Counts the held changes in parts that sum to the total, and describes the largest part in one sentence.

A person who would leave the district counts once, whatever rows that takes. The thresholds count rows instead, and rows
of several parts, so their counts do not sum to the total.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from roster_pipeline.model.plan import FEED_INCOMPLETE, HeldPart
from roster_pipeline.plan.change_summary import count_changes
from roster_pipeline.plan.queries import fetch_rows

OTHERS = "others"
NAMES_AND_EMAILS = "names_and_emails"
PART_OF_CHANGE = {
    ("student", "left"): "students",
    ("teacher", "left"): "teachers",
    ("student", "taken out of a school"): "students_in_schools",
    ("teacher", "taken out of a school"): "teachers_in_schools",
    ("student", "taken out of a class"): "enrollments",
    ("teacher", "taken out of a class"): "class_teachers",
    ("class", "archived"): "rosters",
    ("school", "removed"): "schools",
}
"""The part that a removal of the change summary belongs to."""

MISSING = ("is missing from Clever", "are missing from Clever")
MOVED = ("is no longer listed there in Clever", "are no longer listed there in Clever")
GONE_FROM = ("is gone from Clever", "are gone from Clever")


@dataclass(frozen=True)
class Subject:
    """The words of the sentence about one part.

    Attributes:
        noun: What the part counts, in singular and plural.
        places: What the schools or classes of the part are called. None if the sentence is about the district.
        says: What happened, in singular and plural.
    """

    noun: tuple[str, str]
    places: str | None = None
    says: tuple[str, str] = MISSING


STUDENT, TEACHER = ("student", "students"), ("teacher", "teachers")
SUBJECTS = {
    "students": Subject(STUDENT),
    "teachers": Subject(TEACHER),
    "schools": Subject(("school", "schools")),
    "rosters": Subject(("class", "classes")),
    "students_in_schools": Subject(STUDENT, "schools", MOVED),
    "teachers_in_schools": Subject(TEACHER, "schools", MOVED),
    "enrollments": Subject(STUDENT, "classes", MOVED),
    "class_teachers": Subject(TEACHER, "classes", MOVED),
}


def count_parts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count the held changes by part, the largest part first. Each removal or other change counts once."""
    counts: Counter[str] = Counter()
    for noun, changes in count_changes(con, held=True).items():
        for became, count in changes.items():
            counts[_part_of_change(noun, became)] += count
    return dict(sorted(counts.items(), key=lambda part: (-part[1], part[0])))


def describe_largest_part(
    con: duckdb.DuckDBPyConnection, held: Iterable[HeldPart], parts: Mapping[str, int]
) -> str | None:
    """Return a sentence such as `160 of 400 students of Clever High School (40 %) are missing from Clever.`

    Args:
        held: The crossed thresholds of the plan.
        parts: The result of `count_parts`. The sentence is about the largest part.
    """
    held = tuple(held)
    if any(part.reason == FEED_INCOMPLETE for part in held):
        return "A list in Clever is empty or has records without id, so nothing shows that what is not in it is gone."
    part = next(iter(parts), None)
    if part == NAMES_AND_EMAILS:
        return _describe_updates(held)
    if part is None or part not in SUBJECTS:
        return None
    units = [row for row in fetch_rows(con, "held_units") if row["part"] == part]
    if len(units) == 1 and units[0]["removals"] == parts[part]:
        return _describe_unit(SUBJECTS[part], units[0])
    if SUBJECTS[part].places:
        return _describe_places(SUBJECTS[part], units) if units else None
    return _describe_district(con, part, parts[part])


def _describe_updates(held: Iterable[HeldPart]) -> str | None:
    updates = next((part for part in held if part.part == NAMES_AND_EMAILS), None)
    if updates is None:
        return None
    says = ("has another name or email in Clever", "have another name or email in Clever")
    return _describe_share(updates.removals, updates.of, ("person", "people"), "", says)


def _describe_unit(subject: Subject, unit: Mapping[str, Any]) -> str:
    """Describe a part that is about one school or class."""
    where = f" of {unit['name']}" if unit["name"] else ""
    return _describe_share(unit["removals"], unit["row_count"], subject.noun, where, subject.says)


def _describe_places(subject: Subject, units: list[dict[str, Any]]) -> str:
    """Describe a part that is about the members of several schools or classes."""
    removals, rows = sum(unit["removals"] for unit in units), sum(unit["row_count"] for unit in units)
    noun = (f"place of a {subject.noun[0]}", f"places of {subject.noun[1]}")
    return _describe_share(removals, rows, noun, f" of {len(units):,} {subject.places}", GONE_FROM)


def _describe_district(con: duckdb.DuckDBPyConnection, part: str, removals: int) -> str:
    """Describe a part that is about the whole district."""
    row = con.execute("select row_count from plan.baseline_counts where part = ?", [part]).fetchone()
    subject = SUBJECTS[part]
    return _describe_share(removals, row[0] if row else 0, subject.noun, " of the district", subject.says)


def _describe_share(count: int, of: int, noun: tuple[str, str], where: str, says: tuple[str, str]) -> str:
    of = max(count, of)
    return f"{count:,} of {of:,} {noun[of != 1]}{where} ({round(100 * count / of)} %) {says[count != 1]}."


def _part_of_change(noun: str, became: str) -> str:
    if noun.endswith((" name", " email")):
        return NAMES_AND_EMAILS
    part = PART_OF_CHANGE.get((noun, became))
    return part or ("people" if became == "left" else OTHERS)
