"""A held plan as a letter: what would happen, why it waits, which schools and classes it concerns, and who decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from roster_pipeline.library.session import LIBRARY
from roster_pipeline.messages import LocalCatalogue, product
from roster_pipeline.model.plan import FEED_INCOMPLETE
from roster_pipeline.plan.summary_words import OTHER_CHANGES, PART_NAMES
from roster_pipeline.syncs.held_parts import HELD_PARTS, REASONS, sort_parts
from roster_pipeline.syncs.held_plans import HeldPlan

CONFIRM_ABOVE = 100
"""The number of changes of one kind above which the person types it to approve the plan."""
INCOMPLETE = product.mark("Clever's list is empty or broken. It can only be put right in Clever.")
LIBRARY_PARTS = {
    "students": product.plural("{n:,} student would leave your classes", "{n:,} students would leave your classes"),
}
"""The parts of the plan of a Library teacher that have other words than those of a district."""
SCHOOL_LOSSES = {
    "students": product.plural("{n:,} student would leave this school.", "{n:,} students would leave this school."),
    "teachers": product.plural("{n:,} teacher would leave this school.", "{n:,} teachers would leave this school."),
    "classes_archived": product.plural("{n:,} class would end.", "{n:,} classes would end."),
}
"""What a plan would do to a school, by the name of the number."""
USUAL_CAUSE = product.mark("This usually means that a sharing rule was changed or that a term ended.")
USUAL_CAUSE_OF_UPDATES = product.mark(
    "This usually means that names or emails were changed in your system for many people at once."
)


@dataclass(frozen=True)
class Letter:
    """The text of a held plan.

    Attributes:
        first: the sentence about the largest part.
        number: the number in the first sentence.
        parts: a sentence for each other part.
        why: the sentences about the limits that were crossed.
        schools: the schools with the largest losses. `classes` are the classes.
        more_schools: the number of schools that are not listed.
    """

    plan: HeldPlan
    first: str
    number: int
    parts: list[str]
    why: list[str]
    schools: list[Mapping[str, Any]]
    more_schools: int
    classes: list[Mapping[str, Any]]
    more_classes: int

    @property
    def confirmation(self) -> int | None:
        """Return the number that the person has to type, or None."""
        return self.number if self.number > CONFIRM_ABOVE else None


def write_letter(plan: HeldPlan, words: LocalCatalogue, own_schools: Collection[str] | None = None) -> Letter:
    """Return the letter of a plan.

    Args:
        own_schools: the Clever ids of the schools that the reader may see. None for all. A plan that was stored without
            ids of schools names no school to a reader who may see some.
    """
    impact = plan.impact
    thresholds = [(threshold["part"], threshold["removals"]) for threshold in plan.thresholds]
    parts = sort_parts((impact.get("parts") or {}).items() or thresholds)
    names = HELD_PARTS | (LIBRARY_PARTS if plan.district_id == LIBRARY else {})
    sentences = [f"{words.count(*names.get(part, OTHER_CHANGES), number)}." for part, number in parts]
    schools, classes = impact.get("schools_named") or [], impact.get("classes_named") or []
    if own_schools is not None:
        schools = [row for row in schools if row.get("school_id") in own_schools]
        classes = [row for row in classes if row.get("school_id") in own_schools]
    is_partial = own_schools is not None
    return Letter(
        plan,
        sentences[0] if sentences else words.text("Some changes wait."),
        parts[0][1] if parts else 0,
        sentences[1:],
        describe_thresholds(plan, words),
        schools,
        0 if is_partial else max(0, (impact.get("schools") or 0) - len(schools)),
        classes,
        0 if is_partial else max(0, (impact.get("classes") or 0) - len(classes)),
    )


def describe_losses(plan: HeldPlan, school_id: str, words: LocalCatalogue) -> str:
    """Return what a plan would do to one school, or an empty text for a school that the plan does not name.

    Args:
        school_id: the Clever id of the school.
    """
    rows = [row for row in plan.impact.get("schools_named") or [] if row.get("school_id") == school_id]
    losses = [(plural, row[part]) for row in rows for part, plural in SCHOOL_LOSSES.items() if row.get(part)]
    return " ".join(words.count(*plural, number) for plural, number in losses)


def describe_thresholds(plan: HeldPlan, words: LocalCatalogue) -> list[str]:
    """Return why a plan waits: the shares and limits, and what usually causes it."""
    if FEED_INCOMPLETE in plan.reasons:
        return [words.text(INCOMPLETE)]
    sentences = [
        words.text(
            "It waits because {reason}.",
            reason=words.count(
                *REASONS[threshold["reason"]],
                len(threshold["units"] or ()) or 1,
                limit=f"{threshold['limit']:.0%}",
                part=words.text(PART_NAMES[threshold["part"]])
                if threshold["part"] in PART_NAMES
                else threshold["part"],
            ),
        )
        for threshold in plan.thresholds
        if threshold["reason"] in REASONS
    ]
    is_update = "district_updates" in plan.reasons
    return [*dict.fromkeys(sentences), words.text(USUAL_CAUSE_OF_UPDATES if is_update else USUAL_CAUSE)]


def describe_for_clever_admin(letter: Letter, words: LocalCatalogue) -> str:
    """Return a text to copy for the person who keeps Clever. It names schools and classes, and no person."""
    lines = [letter.first, *letter.parts, *letter.why, words.text("Is this right? Please check the sharing in Clever.")]
    lines += [str(row["name"]) for row in letter.schools] + [
        f"{row['name']} ({row['school']})" if row["school"] else str(row["name"]) for row in letter.classes
    ]
    return "\n".join(lines)
