"""Describes what a correction changed in a few sentences: counts of people, schools and classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from roster_pipeline.corrections.summary import CorrectionCount, Effect
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
"""The words for each subject of a correction, in the order of the sentence."""
SENTENCES: dict[Effect, str] = {
    "back": operator.mark("Back in the district: {counts}."),
    "gone": operator.mark("Removed from the district: {counts}."),
}


def describe_correction(correction: Iterable[CorrectionCount]) -> str:
    """Return what a correction changed, such as `Back in the district: 160 students and 1,749 places in classes.`"""
    counts: Counter[tuple[str, Effect]] = Counter()
    for row in correction:
        counts[row.subject, row.effect] += row.rows
    sentences = [_describe_effect(counts, effect) for effect in SENTENCES]
    sentences += [_describe_moves(counts), _describe_changes(counts), _describe_reviews(counts)]
    return " ".join(filter(None, sentences)) or operator.text("No record of a person or class changed.")


def _describe_effect(counts: Counter[tuple[str, Effect]], effect: Effect) -> str:
    """Return the sentence about the records that are back, or about those that are gone."""
    numbers: Counter[Plural] = Counter()
    for subject, noun in NOUNS.items():
        numbers[noun] += counts[subject, effect]
    nouns = [operator.count(*noun, number) for noun, number in numbers.items() if number]
    return operator.text(SENTENCES[effect], counts=operator.join(nouns)) if nouns else ""


def _describe_moves(counts: Counter[tuple[str, Effect]]) -> str:
    """Return the sentence about people who have another account than before."""
    people, places = counts["people", "changed"], counts["places_moved", "changed"]
    if not people:
        return ""
    sentence = operator.count("{n:,} person has another account.", "{n:,} people have another account.", people)
    if not places:
        return sentence
    return f"{sentence} " + operator.count(
        "{n:,} place in a class moved with the account.", "{n:,} places in classes moved with the accounts.", places
    )


def _describe_changes(counts: Counter[tuple[str, Effect]]) -> str:
    """Return the sentence about records of which only the content changed."""
    others, accounts = sum(counts[subject, "changed"] for subject in NOUNS), counts["accounts", "changed"]
    nouns = [operator.count("{n:,} account", "{n:,} accounts", accounts)] if accounts else []
    nouns += [operator.count("{n:,} other record", "{n:,} other records", others)] if others else []
    return (
        operator.text("Name, email or other details changed: {counts}.", counts=operator.join(nouns)) if nouns else ""
    )


def _describe_reviews(counts: Counter[tuple[str, Effect]]) -> str:
    """Return the sentences about reviews."""
    opened, closed = counts["reviews", "back"], counts["reviews", "gone"]
    sentences = (
        [operator.count("{n:,} review is open again.", "{n:,} reviews are open again.", opened)] if opened else []
    )
    if closed:
        sentences.append(operator.count("{n:,} review is resolved.", "{n:,} reviews are resolved.", closed))
    return " ".join(sentences)
