"""The tags that describe a run in the list of runs: its district, what started it, and how it ended."""

from __future__ import annotations

import os

import dagster as dg

from roster_pipeline.defs.failures import failure_of_run
from roster_pipeline.defs.partitions import DISTRICT_TAG, HELD_TAG, OUTCOME_TAG, TRIGGER_TAG
from roster_pipeline.defs.selection import Selection
from roster_pipeline.instance.run_process import failures_of, is_stopped, process_tag, was_interrupted
from roster_pipeline.model.text import make_label

INITIAL_TAGS = {OUTCOME_TAG: "running", HELD_TAG: "false"}
"""The values that replace the tags which Dagster copies from the run that is repeated."""
STATE_OUTCOMES = {
    "published": "published",
    "held": "published, some changes are on hold for approval",
    "canceled": "stopped by a person, nothing changed",
    "failed": "failed",
}
"""The outcome of a run by the state of its sync."""


def tag_beginning(instance: dg.DagsterInstance, run: dg.DagsterRun, district: str) -> None:
    """Tag a run that begins with its district, its trigger and its process.

    Dagster copies the tags of a repeated run to the new one. Those that describe the end of a run are reset.

    Args:
        instance: the Dagster instance of the run.
        run: the run.
        district: the name of the district, or a phrase for all districts of the run.
    """
    own = {DISTRICT_TAG: make_label(district), TRIGGER_TAG: trigger_of(run)}
    reset = {tag: value for tag, value in INITIAL_TAGS.items() if tag in run.tags}
    instance.add_run_tags(run.run_id, process_tag(run.run_id, os.getpid()) | own | reset)


def trigger_of(run: dg.DagsterRun) -> str:
    """Return what started a run: `nightly`, `cli`, `page` or `manual`. A run that repeats another one is `manual`."""
    return "manual" if run.parent_run_id else run.tags.get(TRIGGER_TAG, "manual")


def has_outcome(run: dg.DagsterRun) -> bool:
    """Return whether the tags of a run say how the run ended."""
    return run.tags.get(OUTCOME_TAG) not in (None, INITIAL_TAGS[OUTCOME_TAG])


def tag_outcome(instance: dg.DagsterInstance, run: dg.DagsterRun, outcome: str) -> None:
    """Tag a run with the words that say how it ended."""
    instance.add_run_tags(run.run_id, {OUTCOME_TAG: make_label(outcome)})


def tag_ended(instance: dg.DagsterInstance, run: dg.DagsterRun, district: str) -> None:
    """Tag a run that has ended without an outcome.

    The process of such a run never began or was killed, or a person stopped the run before it began.

    Args:
        instance: the Dagster instance of the run.
        run: the run.
        district: the name of the district, or a phrase for all districts of the run.
    """
    if has_outcome(run):
        return
    instance.add_run_tags(run.run_id, {DISTRICT_TAG: make_label(district), TRIGGER_TAG: trigger_of(run)})
    if run.status is dg.DagsterRunStatus.CANCELED:
        tag_outcome(instance, run, "stopped by a person")
    else:
        cause = _describe_failure(instance, run) or "the run could not start, or its process was killed"
        tag_outcome(instance, run, f"failed: {cause}")


def describe_outcome(instance: dg.DagsterInstance, run: dg.DagsterRun, selection: Selection, state: str | None) -> str:
    """Describe in words how a run of one district ended.

    Args:
        instance: the Dagster instance of the run.
        run: the run.
        selection: the steps of the run.
        state: the state of the sync that the run opened; None if the run opened none.
    """
    cause = _describe_failure(instance, run) if state != "canceled" else None
    if state in ("published", "held") or not cause:
        outcome = STATE_OUTCOMES.get(state or "") or _describe_unpublished(selection)
        return f"{outcome}; then failed: {cause}" if cause else outcome
    return f"failed: {cause}"


def describe_other_outcome(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """Describe in words how a run ended that belongs to no single district."""
    if is_stopped(instance, run):
        return "stopped by a person"
    cause = _describe_failure(instance, run)
    return f"failed: {cause}" if cause else "done"


def _describe_failure(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """Return why a run failed, in words; None if it did not fail."""
    if failure := failure_of_run(instance, run.run_id):
        return failure[0]
    if was_interrupted(instance, run):
        return "the process was interrupted"
    return "a check failed" if any(failures_of(instance, run)) else None


def _describe_unpublished(selection: Selection) -> str:
    """Describe in words a run that opened no sync."""
    if selection.plans:
        return "planned, nothing written"
    return f"partial run, nothing published ({', '.join(sorted(selection.steps))})"
