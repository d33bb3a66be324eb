"""Describes a plan in a few sentences: what it adds, changes and removes, and what is on hold.

The sentences hold counts and never a name. A published plan is described in the past tense, any other in the future.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from roster_pipeline.messages import Catalogue, Plural, product
from roster_pipeline.model.plan import Plan
from roster_pipeline.model.scope import DISTRICT, Scope
from roster_pipeline.plan.change_summary import REMOVALS, ChangeSummary, count_changes
from roster_pipeline.plan.summary_words import (
    CHANGES,
    HELD_PARTS,
    ITEMS,
    ITSELF,
    KIND_OF_CHANGE,
    KIND_OF_CHANGE_HERE,
    NOTHING_REMOVED,
    OTHER_CHANGES,
    PLACES,
)

words = product()
NOUNS = tuple(ITEMS)
NO_CHANGES = product.mark("No changes. Everything already matches Clever.")
ONLY_ADDED = product.mark("Clever did not show everything, so nothing was removed.")


def summarize(
    con: duckdb.DuckDBPyConnection,
    plan: Plan,
    scope: Scope = DISTRICT,
    members: Sequence[int] = (),
    *,
    changes: ChangeSummary | None = None,
    is_published: bool = True,
    is_rejected: bool = False,
) -> str:
    """Return the summary of a plan, such as `Added 3 students; renamed 1 class; removed nothing.`

    The summary for a school or a class first says what changed there, and then what changed elsewhere in the district.

    Args:
        con: The file whose `changes.*` belong to the plan.
        members: The ids of the accounts in the class of `scope`.
        changes: The result of `count_changes` for the whole district, if the caller has it.
        is_published: Whether the plan has been published. If not, the summary says what it would change.
        is_rejected: Whether a person has rejected the held part, so that it needs no decision.
    """
    if not plan.total:
        sentences = [words.text("No changes.") if plan.held or plan.only_adds else words.text(NO_CHANGES)]
    elif scope.subject == "district":
        total = count_changes(con) if changes is None else changes
        described = _describe_changes(total, is_published=is_published)
        sentences = [_capitalize(words.text("{changes}.", changes=described))]
    else:
        here = count_changes(con, scope, "here", members=members)
        elsewhere = count_changes(con, scope, "elsewhere", members=members)
        sentences = [
            _describe_here(scope, _describe_changes(here, PLACES[scope.subject], is_published=is_published)),
            _describe_elsewhere(_describe_changes(elsewhere, is_published=is_published)),
        ]
    if plan.held:
        held = count_changes(con, held=True)
        sentences.append(_describe_held(held, plan.parts, is_published=is_published, is_rejected=is_rejected))
    if plan.only_adds:
        sentences.append(words.text(ONLY_ADDED))
    return " ".join(sentence for sentence in sentences if sentence)


def describe_counts(changes: ChangeSummary, words: Catalogue, *, place: str | None = None) -> str:
    """Return the sentence about published changes, such as `Added 3 students; removed nothing.`, or that none exist.

    Args:
        place: `class` or `school` if the changes are those in one class or school, else None.
    """
    described = _describe_changes(changes, place, is_published=True, words=words)
    return _capitalize(words.text("{changes}.", changes=described)) if described else words.text(NO_CHANGES)


def describe_counts_here(changes: ChangeSummary, scope: Scope, words: Catalogue) -> str:
    """Return the sentence about the published changes in the school or class of a scope."""
    place = PLACES[scope.subject]
    return _describe_here(scope, _describe_changes(changes, place, is_published=True, words=words), words)


def _describe_here(scope: Scope, changes: str, words: Catalogue = words) -> str:
    """Return the sentence about the school or class of a scope.

    Args:
        changes: The result of `_describe_changes`.
    """
    if scope.kind == "district" and not changes:
        return words.text("The requested class was not added.")
    values = {"changes": changes or words.text("no changes")}
    if PLACES[scope.subject] == "school":
        return words.text("In this school: {changes}.", **values)
    return words.text("In this class: {changes}.", **values)


def _describe_elsewhere(changes: str) -> str:
    """Return the sentence about the rest of the district."""
    if not changes:
        return words.text("No changes elsewhere in the district.")
    return words.text("Elsewhere in the district: {changes}.", changes=changes)


def _describe_changes(
    changes: ChangeSummary, place: str | None = None, *, is_published: bool, words: Catalogue = words
) -> str:
    """Return a list such as `added 3 students and 1 class; removed nothing`, or an empty text if nothing changes.

    Args:
        place: `class` or `school` if the changes are those in the class or school of the scope, else None.
    """
    counts: dict[str, dict[str, int]] = {}
    for noun in sorted(changes, key=NOUNS.index):
        for became, count in changes[noun].items():
            kind = KIND_OF_CHANGE_HERE.get((place, became)) or KIND_OF_CHANGE.get(became, became)
            items = counts.setdefault(kind, {})
            items[noun] = items.get(noun, 0) + count
    phrases = [
        _describe_kind(CHANGES[kind][not is_published], counts[kind], place, words)
        for kind in CHANGES
        if kind in counts
    ]
    if phrases and not _count_removals(changes):
        phrases.append(words.text(NOTHING_REMOVED[not is_published]))
    listed = "; ".join(phrases)
    return listed if is_published or not listed else words.text("would {changes}", changes=listed)


def _describe_kind(phrase: str | Plural, counts: Mapping[str, int], place: str | None, words: Catalogue) -> str:
    """Return a phrase such as `added 2 students and 1 teacher to classes`."""
    items = [
        words.text(ITSELF[noun]) if noun == place else words.count(*ITEMS[noun], count)
        for noun, count in counts.items()
    ]
    if isinstance(phrase, str):
        return words.text(phrase, items=words.join(items))
    return words.count(*phrase, sum(counts.values()), items=words.join(items))


def _describe_held(held: ChangeSummary, parts: Mapping[str, int], *, is_published: bool, is_rejected: bool) -> str:
    """Return a sentence such as `40 removals are on hold for approval (40 students).`"""
    removals = _count_removals(held)
    others = sum(sum(counts.values()) for counts in held.values()) - removals
    changes = [words.count("{n:,} removal", "{n:,} removals", removals)] if removals else []
    if others and removals:
        changes.append(words.count(*OTHER_CHANGES, others))
    elif others:
        changes.append(words.count("{n:,} change", "{n:,} changes", others))
    if not changes:
        return ""
    listed = ", ".join(words.count(*HELD_PARTS.get(part, OTHER_CHANGES), count) for part, count in parts.items())
    values = {"changes": words.join(changes), "parts": listed}
    if is_rejected:
        return words.count(
            "{changes} was rejected, so the data is kept ({parts}).",
            "{changes} were rejected, so the data is kept ({parts}).",
            removals + others,
            **values,
        )
    if not is_published:
        return words.text("{changes} would be on hold for approval ({parts}).", **values)
    return words.count(
        "{changes} is on hold for approval ({parts}).",
        "{changes} are on hold for approval ({parts}).",
        removals + others,
        **values,
    )


def _count_removals(changes: ChangeSummary) -> int:
    return sum(count for counts in changes.values() for became, count in counts.items() if became in REMOVALS)


def _capitalize(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
