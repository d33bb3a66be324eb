"""The tags that every run has, however it was started: its district, who started it, and how it ended, in words."""

from __future__ import annotations

import os

import dagster as dg

from roster_pipeline.defs.failures import failure_of_run
from roster_pipeline.defs.partitions import DISTRICT_TAG, HELD_TAG, OUTCOME_TAG, TRIGGER_TAG
from roster_pipeline.defs.selection import Selection
from roster_pipeline.instance.run_process import failures_of, is_stopped, process_tag, was_interrupted
from roster_pipeline.model.text import make_label

STALE = {OUTCOME_TAG: "under way", HELD_TAG: "false"}
"""What a run says that has taken these tags from the run that it repeats, until it knows better."""
WORDS = {
    "published": "published",
    "held": "published, but a part waits for a person",
    "canceled": "stopped by a person, nothing changed",
    "failed": "failed",
}
"""By the state of the run's sync."""


def tag_beginning(instance: dg.DagsterInstance, run: dg.DagsterRun, district: str) -> None:
    """Tag a run that begins. A run that repeats another one takes its tags along, which say nothing of this one.

    Args:
        district: its name, or that of all districts of the run.
    """
    own = {DISTRICT_TAG: make_label(district), TRIGGER_TAG: trigger_of(run)}
    inherited = {tag: value for tag, value in STALE.items() if tag in run.tags}
    instance.add_run_tags(run.run_id, process_tag(run.run_id, os.getpid()) | own | inherited)


def trigger_of(run: dg.DagsterRun) -> str:
    """Who started a run: `nightly`, `cli` or `manual`. A run that repeats another one was started by hand."""
    return "manual" if run.parent_run_id else run.tags.get(TRIGGER_TAG, "manual")


def tag_outcome(instance: dg.DagsterInstance, run: dg.DagsterRun, words: str) -> None:
    """Say in the list of runs how a run ended."""
    instance.add_run_tags(run.run_id, {OUTCOME_TAG: make_label(words)})


def tag_ended(instance: dg.DagsterInstance, run: dg.DagsterRun, district: str) -> None:
    """Tag a run that is over and whose process could not: it never began, was killed, or a person stopped the run.

    Args:
        district: as `tag_beginning`.
    """
    if run.tags.get(OUTCOME_TAG) not in (None, STALE[OUTCOME_TAG]):
        return
    instance.add_run_tags(run.run_id, {DISTRICT_TAG: make_label(district), TRIGGER_TAG: trigger_of(run)})
    if run.status is dg.DagsterRunStatus.CANCELED:
        tag_outcome(instance, run, "stopped by a person")
    else:
        failed = _failure_words(instance, run) or "it could not start, or its process was killed"
        tag_outcome(instance, run, f"failed: {failed}")


def outcome_words(instance: dg.DagsterInstance, run: dg.DagsterRun, selection: Selection, state: str | None) -> str:
    """How a run ended, in words.

    Args:
        state: of the sync that the run opened; None if it opened none.
    """
    failed = _failure_words(instance, run) if state != "canceled" else None
    if state in ("published", "held") or not failed:
        words = WORDS.get(state or "") or _unrecorded_words(selection)
        return f"{words}; then failed: {failed}" if failed else words
    return f"failed: {failed}"


def plain_outcome(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """How a run ended that is about no single district, in words."""
    if is_stopped(instance, run):
        return "stopped by a person"
    failed = _failure_words(instance, run)
    return f"failed: {failed}" if failed else "done"


def _failure_words(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    if said := failure_of_run(instance, run.run_id):
        return said[0]
    if was_interrupted(instance, run):
        return "it was interrupted"
    return "a check stopped it" if any(failures_of(instance, run)) else None


def _unrecorded_words(selection: Selection) -> str:
    return "planned, nothing written" if selection.plans else f"no sync, only {', '.join(sorted(selection.steps))}"
