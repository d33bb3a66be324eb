"""Codes of the product's tables in words: how a sync ended, what started it, how old something is."""

from __future__ import annotations

from datetime import datetime, timedelta

from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.product.organizations import Organization
from roster_pipeline.syncs.standing import SyncRecord

OUTCOMES = {
    "running": "running",
    "published": "published",
    "held": "part on hold",
    "failed": "failed",
    "undone": "undone",
    "canceled": "stopped",
}
LONG_OUTCOMES = {
    "held": "Published, and a part is on hold for approval.",
    "failed": "Failed.",
    "undone": "Published, and undone since.",
    "canceled": "A person stopped it. Nothing was changed.",
}
FAILURES = {
    "killed": "Its process was killed.",
    "not started": "Its run could not start.",
    "not published": "It did not reach its end.",
}
TRIGGERS = {
    "nightly": "the night",
    "manual": "a request or the Dagster UI",
    "cli": "a command",
    "page": "the Clever page",
    "library": "a Library teacher",
}
MODES = {"full": "full sync", "delta": "delta sync", "auto": "sync", "resolve": "decision", "undo": "undo"}


def outcome_words(sync: SyncRecord) -> str:
    """How a sync ended, why it failed, and what it changed."""
    words = [LONG_OUTCOMES.get(sync.state, f"{OUTCOMES.get(sync.state, sync.state).capitalize()}.")]
    if sync.state == "failed" and sync.failure:
        words.append(FAILURES.get(sync.failure, sync.failure))
    elif sync.summary:
        words.append(sync.summary)
    return " ".join(words)


def state_words(organization: Organization) -> str:
    """How a district's connection stands."""
    if organization.state == "paused":
        return "paused by an operator"
    if organization.is_operator_disconnected:
        return "disconnected by an operator"
    if organization.state == "disconnected":
        return "connection gone: a district administrator has to connect the app again in Clever"
    if organization.missing_since:
        return f"missing in Clever's list since {local_time(organization.missing_since)}"
    return organization.state


def local_time(moment: datetime) -> str:
    """A time to the minute, in this machine's zone, which it names."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M %Z}"


def age_words(moment: datetime | None, now: datetime) -> str:
    """How long ago a moment was: `now`, `12 min`, `3 h`, `5 days`; a moment ahead is not known."""
    if moment is None:
        return "-"
    if moment > now + CLOCK_TOLERANCE:
        return "not known"
    minutes = max(now - moment, timedelta()) // timedelta(minutes=1)
    if minutes < 60:
        return f"{minutes} min" if minutes else "now"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
