"""What a correction did, in a sentence: counts of people, schools and classes, without names of tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from roster_pipeline.corrections.summary import Corrected, Turn
from roster_pipeline.messages import Plural, operator

PLACE_IN_CLASS = operator.plural("{n:,} place in a class", "{n:,} places in classes")
NOUNS = {
    "students": operator.plural("{n:,} student", "{n:,} students"),
    "teachers": operator.plural("{n:,} teacher", "{n:,} teachers"),
    "admins": operator.plural("{n:,} admin", "{n:,} admins"),
    "schools": operator.plural("{n:,} school", "{n:,} schools"),
    "rosters": operator.plural("{n:,} class", "{n:,} classes"),
    "roster_students": PLACE_IN_CLASS,
    "roster_teachers": PLACE_IN_CLASS,
    "school_memberships": operator.plural("{n:,} place in a school", "{n:,} places in schools"),
    "pending_members": operator.plural("{n:,} pending member", "{n:,} pending members"),
}
"""What a correction counts, in the order in which it is named."""
SENTENCES: dict[Turn, str] = {
    "back": operator.mark("Back in the district: {counts}."),
    "gone": operator.mark("Removed from the district: {counts}."),
}


def describe_correction(corrected: Iterable[Corrected]) -> str:
    """Say what a correction did, such as `Back in the district: 160 students, 1 school and 1,749 places in classes.`"""
    counts: Counter[tuple[str, Turn]] = Counter()
    for row in corrected:
        counts[row.what, row.turn] += row.rows
    sentences = [_turned(counts, turn) for turn in SENTENCES]
    sentences += [_moved(counts), _changed(counts), _reviews(counts)]
    return " ".join(filter(None, sentences)) or operator.text("No record of a person or class changed.")


def _turned(counts: Counter[tuple[str, Turn]], turn: Turn) -> str:
    numbers: Counter[Plural] = Counter()
    for what, noun in NOUNS.items():
        numbers[noun] += counts[what, turn]
    nouns = [operator.count(*noun, number) for noun, number in numbers.items() if number]
    return operator.text(SENTENCES[turn], counts=operator.join(nouns)) if nouns else ""


def _moved(counts: Counter[tuple[str, Turn]]) -> str:
    people, places = counts["people", "changed"], counts["places_moved", "changed"]
    if not people:
        return ""
    says = operator.count("{n:,} person has another account.", "{n:,} people have another account.", people)
    if not places:
        return says
    return f"{says} " + operator.count(
        "{n:,} place in a class moved with the account.", "{n:,} places in classes moved with the accounts.", places
    )


def _changed(counts: Counter[tuple[str, Turn]]) -> str:
    others, accounts = sum(counts[what, "changed"] for what in NOUNS), counts["accounts", "changed"]
    nouns = [operator.count("{n:,} account", "{n:,} accounts", accounts)] if accounts else []
    nouns += [operator.count("{n:,} other record", "{n:,} other records", others)] if others else []
    return (
        operator.text("Name, email or other details changed: {counts}.", counts=operator.join(nouns)) if nouns else ""
    )


def _reviews(counts: Counter[tuple[str, Turn]]) -> str:
    opened, closed = counts["reviews", "back"], counts["reviews", "gone"]
    says = [operator.count("{n:,} review is open again.", "{n:,} reviews are open again.", opened)] if opened else []
    says += [operator.count("{n:,} review is resolved.", "{n:,} reviews are resolved.", closed)] if closed else []
    return " ".join(says)
