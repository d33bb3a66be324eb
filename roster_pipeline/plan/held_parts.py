"""Counts the held changes by part, and describes the largest part in one sentence.

A part is a kind of change, such as `students` (students who would leave the district) or `enrollments` (students who
would be removed from classes). Each change belongs to one part, so the counts of the parts sum to the total. A person
who would leave the district counts once, however many rows change. The thresholds count rows instead, and a row counts
for each threshold until one of them holds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from roster_pipeline.messages import Plural, product
from roster_pipeline.model.plan import FEED_INCOMPLETE, HeldPart
from roster_pipeline.plan.change_summary import count_changes
from roster_pipeline.plan.queries import fetch_rows
from roster_pipeline.plan.summary_words import ITEMS

words = product()
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
"""The part of each removal. A key is the noun and the change of the change summary."""

MISSING = product.plural("{share} is missing from Clever.", "{share} are missing from Clever.")
MOVED = product.plural("{share} is no longer listed there in Clever.", "{share} are no longer listed there in Clever.")
GONE = product.plural("{share} is no longer in Clever.", "{share} are no longer in Clever.")
CHANGED = product.plural(
    "{share} has a different name or email in Clever.", "{share} have a different name or email in Clever."
)
INCOMPLETE_LIST = product.mark(
    "A list in Clever is empty or has records without an ID. It does not show that the missing records were removed."
)


@dataclass(frozen=True)
class PartWords:
    """The words of the sentence about one part.

    Attributes:
        total: The words for the total of which the sentence gives a share, such as `{n:,} students`.
        sentence: The sentence about the counted ones.
        places: For a part about members, the words that count the members and those that count the schools or classes.
            None for a part about the whole district.
    """

    total: Plural
    sentence: Plural = MISSING
    places: tuple[Plural, Plural] | None = None


STUDENT_PLACES = product.plural("{n:,} student place", "{n:,} student places")
TEACHER_PLACES = product.plural("{n:,} teacher place", "{n:,} teacher places")
WORDS_OF_PARTS = {
    "students": PartWords(ITEMS["student"]),
    "teachers": PartWords(ITEMS["teacher"]),
    "schools": PartWords(ITEMS["school"]),
    "rosters": PartWords(ITEMS["class"]),
    "students_in_schools": PartWords(ITEMS["student"], MOVED, (STUDENT_PLACES, ITEMS["school"])),
    "teachers_in_schools": PartWords(ITEMS["teacher"], MOVED, (TEACHER_PLACES, ITEMS["school"])),
    "enrollments": PartWords(ITEMS["student"], MOVED, (STUDENT_PLACES, ITEMS["class"])),
    "class_teachers": PartWords(ITEMS["teacher"], MOVED, (TEACHER_PLACES, ITEMS["class"])),
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
    """Return a sentence such as `160 of 400 students in Clever High School (40%) are missing from Clever.`

    Args:
        held: The crossed thresholds of the plan.
        parts: The result of `count_parts`. The sentence is about the largest part.
    """
    held = tuple(held)
    if any(part.reason == FEED_INCOMPLETE for part in held):
        return words.text(INCOMPLETE_LIST)
    part = next(iter(parts), None)
    if part == NAMES_AND_EMAILS:
        return _describe_updates(held)
    if part is None or part not in WORDS_OF_PARTS:
        return None
    part_words = WORDS_OF_PARTS[part]
    units = [row for row in fetch_rows(con, "held_units") if row["part"] == part]
    if len(units) == 1 and units[0]["removals"] == parts[part]:
        return _describe_unit(part_words, units[0])
    if part_words.places:
        return _describe_places(*part_words.places, units) if units else None
    return _describe_district(con, part, parts[part])


def _describe_updates(held: Iterable[HeldPart]) -> str | None:
    """Describe the people whose name or email would change."""
    updates = next((part for part in held if part.part == NAMES_AND_EMAILS), None)
    return _describe_share(updates.removals, updates.of, ITEMS["person"], CHANGED) if updates else None


def _describe_unit(part_words: PartWords, unit: Mapping[str, Any]) -> str:
    """Describe a part of which every removal is in one school or class."""
    return _describe_share(unit["removals"], unit["row_count"], part_words.total, part_words.sentence, unit["name"])


def _describe_places(total: Plural, places: Plural, units: list[dict[str, Any]]) -> str:
    """Describe a part that is about the members of several schools or classes."""
    removals, rows = sum(unit["removals"] for unit in units), sum(unit["row_count"] for unit in units)
    return _describe_share(removals, rows, total, GONE, words.count(*places, len(units)))


def _describe_district(con: duckdb.DuckDBPyConnection, part: str, removals: int) -> str:
    """Describe a part that is about the whole district."""
    row = con.execute("select row_count from plan.baseline_counts where part = ?", [part]).fetchone()
    part_words = WORDS_OF_PARTS[part]
    return _describe_share(
        removals, row[0] if row else 0, part_words.total, part_words.sentence, words.text("the district")
    )


def _describe_share(count: int, of: int, total: Plural, sentence: Plural, where: str | None = None) -> str:
    """Return the sentence about a share, such as `160 of 400 students in Clever High School (40%)`.

    Args:
        count: The number of removals or updates.
        of: The number of live rows before the sync.
        total: The words that count the live rows.
        sentence: The sentence that gets the share as `{share}`.
        where: The name of the school or class, or the words that count several of them.
    """
    of = max(count, of)
    values = {"total": words.count(*total, of), "percent": f"{count / of:.0%}", "where": where}
    if where:
        share = words.text("{count:,} of {total} in {where} ({percent})", count=count, **values)
    else:
        share = words.text("{count:,} of {total} ({percent})", count=count, **values)
    return words.count(*sentence, count, share=share)


def _part_of_change(noun: str, became: str) -> str:
    """Return the part of a change of the change summary."""
    if noun.endswith((" name", " email")):
        return NAMES_AND_EMAILS
    part = PART_OF_CHANGE.get((noun, became))
    return part or ("people" if became == "left" else OTHERS)
