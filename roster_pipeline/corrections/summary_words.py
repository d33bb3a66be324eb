"""Describes what a correction changed in a few sentences: counts of people, schools and classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from roster_pipeline.corrections.summary import CorrectionCount, Effect
from roster_pipeline.messages import Catalogue, Plural, product

PLACE_IN_CLASS = product.plural("{n:,} place in a class", "{n:,} places in classes")
NOUNS = {
    "students": product.plural("{n:,} student", "{n:,} students"),
    "teachers": product.plural("{n:,} teacher", "{n:,} teachers"),
    "admins": product.plural("{n:,} admin", "{n:,} admins"),
    "schools": product.plural("{n:,} school", "{n:,} schools"),
    "terms": product.plural("{n:,} term", "{n:,} terms"),
    "courses": product.plural("{n:,} course", "{n:,} courses"),
    "rosters": product.plural("{n:,} class", "{n:,} classes"),
    "roster_students": PLACE_IN_CLASS,
    "roster_teachers": PLACE_IN_CLASS,
    "school_memberships": product.plural("{n:,} place in a school", "{n:,} places in schools"),
    "pending_members": product.plural("{n:,} person waiting for Clever", "{n:,} people waiting for Clever"),
}
"""The words for each subject of a correction, in the order of the sentence."""
SENTENCES: dict[Effect, str] = {
    "back": product.mark("Back in the district: {counts}."),
    "gone": product.mark("Removed from the district: {counts}."),
}


def describe_correction(correction: Iterable[CorrectionCount], words: Catalogue) -> str:
    """Return what a correction changed, such as `Back in the district: 160 students and 1,749 places in classes.`"""
    counts: Counter[tuple[str, Effect]] = Counter()
    for row in correction:
        counts[row.subject, row.effect] += row.rows
    sentences = [_describe_effect(counts, effect, words) for effect in SENTENCES]
    sentences += [describe(counts, words) for describe in (_describe_moves, _describe_changes, _describe_reviews)]
    return " ".join(filter(None, sentences)) or words.text("No record of a person or class changed.")


def _describe_effect(counts: Counter[tuple[str, Effect]], effect: Effect, words: Catalogue) -> str:
    """Return the sentence about the records that are back, or about those that are gone."""
    numbers: Counter[Plural] = Counter()
    for subject, noun in NOUNS.items():
        numbers[noun] += counts[subject, effect]
    nouns = [words.count(*noun, number) for noun, number in numbers.items() if number]
    return words.text(SENTENCES[effect], counts=words.join(nouns)) if nouns else ""


def _describe_moves(counts: Counter[tuple[str, Effect]], words: Catalogue) -> str:
    """Return the sentence about people who have another account than before."""
    people, places = counts["people", "changed"], counts["places_moved", "changed"]
    if not people:
        return ""
    sentence = words.count("{n:,} person has another account.", "{n:,} people have another account.", people)
    if not places:
        return sentence
    return f"{sentence} " + words.count(
        "{n:,} place in a class moved with the account.", "{n:,} places in classes moved with the accounts.", places
    )


def _describe_changes(counts: Counter[tuple[str, Effect]], words: Catalogue) -> str:
    """Return the sentence about records of which only the content changed."""
    others, accounts = sum(counts[subject, "changed"] for subject in NOUNS), counts["accounts", "changed"]
    nouns = [words.count("{n:,} account", "{n:,} accounts", accounts)] if accounts else []
    nouns += [words.count("{n:,} other record", "{n:,} other records", others)] if others else []
    return words.text("Name, email or other details changed: {counts}.", counts=words.join(nouns)) if nouns else ""


def _describe_reviews(counts: Counter[tuple[str, Effect]], words: Catalogue) -> str:
    """Return the sentences about reviews."""
    opened, closed = counts["reviews", "back"], counts["reviews", "gone"]
    sentences = [words.count("{n:,} review is open again.", "{n:,} reviews are open again.", opened)] if opened else []
    if closed:
        sentences.append(words.count("{n:,} review is resolved.", "{n:,} reviews are resolved.", closed))
    return " ".join(sentences)
