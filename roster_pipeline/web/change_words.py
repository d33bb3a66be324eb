"""The words of one change on the screen *What changed*: a heading for each kind, and a line for each change."""

from __future__ import annotations

from dataclasses import dataclass

from roster_pipeline.messages import LocalCatalogue
from roster_pipeline.plan.summary import describe_counts
from roster_pipeline.plan.summary_words import NOTHING_REMOVED
from roster_pipeline.syncs.changes import Change
from roster_pipeline.web.account_names import NAMELESS


@dataclass(frozen=True)
class ChangeLine:
    """A line of the screen.

    Attributes:
        before: the name or email before the change, if it changed.
        where: the class or school of the change.
        more: the number of further classes or schools in which the same person changed in this way.
    """

    name: str
    before: str | None
    after: str | None
    where: str | None
    more: int


def title_of(key: tuple[str, str], changes: int, words: LocalCatalogue) -> str:
    """Return the heading of one noun and kind of change, such as `Added 3 students`."""
    noun, became = key
    sentence = describe_counts({noun: {became: changes}}, words).rstrip(".")
    return sentence.removesuffix(f"; {words.text(NOTHING_REMOVED[0])}")


def describe_change(change: Change, words: LocalCatalogue) -> ChangeLine:
    """Return the line of one change. A name or email that changed stands before and after."""
    before = after = None
    if change.noun.endswith(" email"):
        before, after = change.old_email or words.text("none"), change.new_email or words.text("none")
    elif change.noun.endswith(" name") or change.became == "renamed":
        before, after = change.old_name or words.text("none"), change.new_name or words.text("none")
    is_place = change.noun in ("class", "school")
    where = None if is_place else change.class_name or change.school_name
    return ChangeLine(change.name or _name_nobody(change, words), before, after, where, change.places - 1)


def _name_nobody(change: Change, words: LocalCatalogue) -> str:
    """Return what stands for a missing name. A review is about another account than that of the person."""
    if change.account_id is None or change.noun == "review":
        return words.text("no name")
    return words.text(NAMELESS, number=change.account_id)
