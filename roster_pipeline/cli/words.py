"""Codes of the product's tables in words: how a sync ended, what started it, how old something is."""

from __future__ import annotations

from datetime import datetime, timedelta

from roster_pipeline.messages import operator
from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.product.organizations import Organization
from roster_pipeline.syncs.standing import SyncRecord

OUTCOMES = {
    "running": operator.mark("running"),
    "published": operator.mark("published"),
    "held": operator.mark("part on hold"),
    "failed": operator.mark("failed"),
    "undone": operator.mark("undone"),
    "canceled": operator.mark("stopped"),
}
OUTCOME_SENTENCES = {
    "running": operator.mark("Running."),
    "published": operator.mark("Published."),
    "held": operator.mark("Published, with a part on hold for approval."),
    "failed": operator.mark("Failed."),
    "undone": operator.mark("Published, then undone."),
    "canceled": operator.mark("Stopped by a person. Nothing was changed."),
}
FAILURES = {
    "killed": operator.mark("The process was killed."),
    "not started": operator.mark("The run could not start."),
    "not published": operator.mark("The run did not reach its end."),
}
TRIGGERS = {
    "nightly": operator.mark("the night"),
    "manual": operator.mark("a request or the Dagster UI"),
    "cli": operator.mark("a command"),
    "page": operator.mark("the Clever page"),
    "library": operator.mark("a Library teacher"),
}
MODES = {
    "full": operator.mark("full sync"),
    "delta": operator.mark("delta sync"),
    "auto": operator.mark("sync"),
    "resolve": operator.mark("decision"),
    "undo": operator.mark("undo"),
}


def describe_outcome(sync: SyncRecord) -> str:
    """Return a sentence that says how a sync ended, why it failed, and what it changed."""
    known = OUTCOME_SENTENCES.get(sync.state)
    sentences = [operator.text(known) if known else f"{sync.state.capitalize()}."]
    if sync.state == "failed" and sync.failure:
        sentences.append(operator.text(FAILURES[sync.failure]) if sync.failure in FAILURES else sync.failure)
    elif sync.summary:
        sentences.append(sync.summary)
    return " ".join(sentences)


def describe_state(organization: Organization, now: datetime) -> str:
    """Return a sentence that says how the connection of a district stands."""
    if organization.state == "paused":
        return operator.text("paused by an operator")
    if organization.is_operator_disconnected:
        return operator.text("disconnected by an operator")
    if organization.state == "disconnected":
        return operator.text("disconnected: a district administrator has to connect the app again in Clever")
    if organization.missing_since:
        since = operator.time(organization.missing_since, organization.time_zone, now)
        return operator.text("missing from Clever's list since {time}", time=since)
    return operator.text(organization.state)


def describe_age(moment: datetime | None, now: datetime) -> str:
    """Return how long ago a time was, such as `now`, `12 min`, `3 h` or `5 days`. A time ahead of now is unknown."""
    if moment is None:
        return "-"
    if moment > now + CLOCK_TOLERANCE:
        return operator.text("unknown")
    minutes = max(now - moment, timedelta()) // timedelta(minutes=1)
    if minutes == 0:
        return operator.text("now")
    if minutes < 60:
        return operator.text("{minutes} min", minutes=minutes)
    if minutes < 48 * 60:
        return operator.text("{hours} h", hours=minutes // 60)
    return operator.count("{n} day", "{n} days", minutes // (24 * 60))
