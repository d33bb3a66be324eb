"""The sentences about updates, made from facts: the state of a press, its steps, and what a sync changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from roster_pipeline.messages import LocalCatalogue, product
from roster_pipeline.model.scope import Scope
from roster_pipeline.plan.summary import ONLY_ADDED, describe_counts, describe_counts_here
from roster_pipeline.product.connections import RefreshStop
from roster_pipeline.syncs.changes import count_listed, list_changes
from roster_pipeline.syncs.progress import STEPS
from roster_pipeline.syncs.requests import Estimate
from roster_pipeline.web.library_words import REFUSALS
from roster_pipeline.web.presses import Press

StepState = Literal["done", "current", "to_come"]
STEP_NAMES = {
    "asking": product.mark("Asking Clever"),
    "extracting": product.mark("Reading"),
    "checking": product.mark("Checking"),
    "comparing": product.mark("Comparing with what is here"),
    "saving": product.mark("Saving"),
}
NOT_FINISHED = product.mark("The update did not reach its end. Nothing was changed.")
NOT_READ = product.mark(
    "The update stopped while it was reading from Clever. Nothing was changed. Try again in a few minutes."
)
STOPPED = product.mark("A person stopped the update. Nothing was changed.")
STOPS: dict[RefreshStop, str] = {
    "sso_only": product.mark(
        "This plan has no class lists from Clever. It only lets people log in. Nothing was started."
    ),
    "paused": product.mark(
        "Updates are paused by our account team. Nothing was started, and class lists stay as they are."
    ),
    "disconnected": product.mark(
        "The district is disconnected. Nothing was started, and class lists stay as they are."
    ),
}


@dataclass(frozen=True)
class StepLine:
    """One step of an update on the screen."""

    name: str
    state: StepState


def list_steps(press: Press, words: LocalCatalogue) -> list[StepLine]:
    """Return the steps of an update: which are done, which is going on, and which are to come."""
    names = list(STEP_NAMES)
    # A sync that reads no list, because only the events are needed, stays at the first step until it checks.
    is_reading = press.step == STEPS[0] and press.read_rows is not None
    current = names.index(press.step) if press.step and (is_reading or press.step != STEPS[0]) else 0
    return [
        StepLine(
            words.text(STEP_NAMES[name]), "done" if place < current else "current" if place == current else "to_come"
        )
        for place, name in enumerate(names)
    ]


def describe_press(pg: Connection, press: Press, words: LocalCatalogue, *, sees_all: bool) -> list[str]:
    """Return what the screen of a press says: how far it is, or its answer."""
    if press.state == "queued":
        return [_describe_wait(press, words)]
    if press.state == "running":
        return [_describe_run(press, words)]
    if press.state == "failed":
        refusal = press.refusal
        return [words.text(REFUSALS[refusal]) if refusal else describe_failure(press.step, words)]
    if press.state == "canceled":
        return [words.text(STOPPED)]
    return _describe_answer(pg, press, words, sees_all=sees_all)


def describe_failure(step: str | None, words: LocalCatalogue) -> str:
    """Say that an update failed, and whether that was while it read from Clever.

    Args:
        step: the step at which the sync failed.
    """
    return words.text(NOT_READ if step == STEPS[0] else NOT_FINISHED)


def describe_estimate(usual: Estimate | None, words: LocalCatalogue) -> str:
    """Say how long an update usually takes, or return an empty text if nobody knows yet."""
    if usual is None:
        return ""
    values = {"usual": _duration(usual.median, words), "most": _duration(usual.worst, words)}
    return words.text("Usually {usual}, at most {most}.", **values)


def describe_published(counts: Mapping[str, Any], words: LocalCatalogue) -> list[str]:
    """Return the sentences about a published sync, from `syncs.counts`: what changed, and what waits."""
    held, summary = describe_held(counts, words), counts.get("told") or {}
    return held if held and not summary else [describe_counts(summary, words), *held]


def describe_held(counts: Mapping[str, Any], words: LocalCatalogue) -> list[str]:
    """Return the sentence about what a sync put on hold, if anything."""
    total = (counts.get("leaves") or {}).get("total") or 0
    if not total:
        return []
    return [
        words.count(
            "{n:,} change is on hold until an admin decides.",
            "{n:,} changes are on hold until an admin decides.",
            total,
        )
    ]


def describe_own_held(counts: Mapping[str, Any], words: LocalCatalogue) -> list[str]:
    """Return the sentence about what the update of a Library teacher put on hold, if anything."""
    total = (counts.get("leaves") or {}).get("total") or 0
    if not total:
        return []
    return [
        words.count("{n:,} change is on hold until you decide.", "{n:,} changes are on hold until you decide.", total)
    ]


def _describe_wait(press: Press, words: LocalCatalogue) -> str:
    if press.is_behind:
        return words.text(
            "An update is running that began before your press. The next one answers you. It starts by itself."
        )
    if press.others:
        return words.count(
            "Waiting its turn. Your press and {n:,} other are answered by the same update.",
            "Waiting its turn. Your press and {n:,} others are answered by the same update.",
            press.others,
        )
    return words.text("Waiting its turn.")


def _describe_run(press: Press, words: LocalCatalogue) -> str:
    if press.step == STEPS[0] and press.read_rows is not None:
        if press.expected_rows and press.expected_rows >= press.read_rows:
            return words.text(
                "Reading: {rows:,} of about {expected:,} records so far.",
                rows=press.read_rows,
                expected=press.expected_rows,
            )
        return words.count("Reading: {n:,} record so far.", "Reading: {n:,} records so far.", press.read_rows)
    return words.text("The update is running.")


def _describe_answer(pg: Connection, press: Press, words: LocalCatalogue, *, sees_all: bool) -> list[str]:
    """Return the answer of a published update. What changed in the school or class of the press comes first."""
    counts = press.counts or {}
    sentences = []
    if press.finished_at:
        sentences.append(words.text("Done on {time}.", time=words.at(press.finished_at)))
    if press.school_id or press.roster_id:
        scope = Scope("school" if press.school_id else "section", press.scope_clever_id)
        here = list_changes(
            pg,
            press.sync_id or 0,
            sees_all=sees_all,
            most=1,
            roster_id=press.roster_id,
            school_id=press.school_id,
        )
        sentences.append(describe_counts_here(count_listed(here), scope, words))
        if sees_all:
            total = describe_counts(counts.get("told") or {}, words)
            sentences.append(words.text("In the whole district: {changes}", changes=total))
    elif sees_all:
        sentences.append(describe_counts(counts.get("told") or {}, words))
    else:
        visible = list_changes(pg, press.sync_id or 0, sees_all=False, most=1)
        # What is on hold does not match Clever yet.
        if visible or press.state != "held":
            sentences.append(describe_counts(count_listed(visible), words))
    if counts.get("only_adds"):
        sentences.append(words.text(ONLY_ADDED))
    held = describe_own_held(counts, words) if press.scope == "library" else describe_held(counts, words)
    return [*sentences, *(held if press.state == "held" else [])]


def _duration(seconds: float, words: LocalCatalogue) -> str:
    whole = max(1, round(seconds))
    if whole < 90:
        return words.count("{n:,} second", "{n:,} seconds", whole)
    return words.count("{n:,} minute", "{n:,} minutes", round(whole / 60))
