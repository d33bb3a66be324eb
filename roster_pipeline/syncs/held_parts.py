"""Describes the parts of a held plan in words, for the commands, the alerts and the Clever page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from roster_pipeline.messages import both, operator
from roster_pipeline.plan.summary_words import OTHER_CHANGES

HELD_PARTS = {
    "students": both.plural("{n:,} student would leave the district", "{n:,} students would leave the district"),
    "teachers": both.plural("{n:,} teacher would leave the district", "{n:,} teachers would leave the district"),
    "people": both.plural("{n:,} person would leave the district", "{n:,} people would leave the district"),
    "schools": both.plural("{n:,} school would be removed", "{n:,} schools would be removed"),
    "rosters": both.plural("{n:,} class would be archived", "{n:,} classes would be archived"),
    "students_in_schools": both.plural("{n:,} student would leave a school", "{n:,} students would leave a school"),
    "teachers_in_schools": both.plural("{n:,} teacher would leave a school", "{n:,} teachers would leave a school"),
    "enrollments": both.plural(
        "{n:,} student would be removed from classes", "{n:,} students would be removed from classes"
    ),
    "class_teachers": both.plural(
        "{n:,} teacher would be removed from classes", "{n:,} teachers would be removed from classes"
    ),
    "names_and_emails": both.plural("{n:,} name or email would change", "{n:,} names or emails would change"),
    "others": OTHER_CHANGES,
}


REASONS = {
    "class_removals": both.plural(
        "a class would lose more than {limit} of its {part}",
        "{n:,} classes would each lose more than {limit} of their {part}",
    ),
    "school_removals": both.plural(
        "a school would lose more than {limit} of its {part}",
        "{n:,} schools would each lose more than {limit} of their {part}",
    ),
    "district_removals": both.plural(
        "more than {limit} of the district's {part} would be removed",
        "more than {limit} of the district's {part} would be removed",
    ),
    "window_removals": both.plural(
        "more than {limit} of the district's {part} would be removed within 7 days",
        "more than {limit} of the district's {part} would be removed within 7 days",
    ),
    "district_updates": both.plural(
        "more than {limit} of the district's {part} would change",
        "more than {limit} of the district's {part} would change",
    ),
}
"""By the reason of a hold: the clause about the places, or the district, that crossed the threshold."""


def sort_parts(parts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Sort the parts of a held plan, the largest first. PostgreSQL keeps no order of the keys of a stored object."""
    return sorted(parts, key=lambda part: (-part[1], part[0]))


def describe_parts(parts: Mapping[str, int]) -> list[str]:
    """Return a clause for each part of a held plan, the largest first, and one for their total if there are several."""
    clauses = [
        operator.count(*HELD_PARTS.get(part, OTHER_CHANGES), number) for part, number in sort_parts(parts.items())
    ]
    if len(parts) > 1:
        clauses.append(operator.text("{total:,} removals and other changes in all", total=sum(parts.values())))
    return clauses
