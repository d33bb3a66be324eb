"""Describes the parts of a held plan in words, for the commands and the alerts."""

from __future__ import annotations

from collections.abc import Mapping

from roster_pipeline.messages import operator
from roster_pipeline.plan.summary_words import OTHER_CHANGES

HELD_PARTS = {
    "students": operator.plural("{n:,} student would leave the district", "{n:,} students would leave the district"),
    "teachers": operator.plural("{n:,} teacher would leave the district", "{n:,} teachers would leave the district"),
    "people": operator.plural("{n:,} person would leave the district", "{n:,} people would leave the district"),
    "schools": operator.plural("{n:,} school would be removed", "{n:,} schools would be removed"),
    "rosters": operator.plural("{n:,} class would be archived", "{n:,} classes would be archived"),
    "students_in_schools": operator.plural("{n:,} student would leave a school", "{n:,} students would leave a school"),
    "teachers_in_schools": operator.plural("{n:,} teacher would leave a school", "{n:,} teachers would leave a school"),
    "enrollments": operator.plural(
        "{n:,} student would be removed from classes", "{n:,} students would be removed from classes"
    ),
    "class_teachers": operator.plural(
        "{n:,} teacher would be removed from classes", "{n:,} teachers would be removed from classes"
    ),
    "names_and_emails": operator.plural("{n:,} name or email would change", "{n:,} names or emails would change"),
    "others": OTHER_CHANGES,
}


def describe_parts(parts: Mapping[str, int]) -> list[str]:
    """Return a clause for each part of a held plan, and one for their total if there are several parts."""
    clauses = [operator.count(*HELD_PARTS.get(part, OTHER_CHANGES), number) for part, number in parts.items()]
    if len(parts) > 1:
        clauses.append(operator.text("{total:,} removals and other changes in all", total=sum(parts.values())))
    return clauses
