"""Chooses between a full and a delta sync, and returns the reason.

The sync is a delta only if Clever's events certainly report every change since the last sync. Otherwise it is a full
one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from roster_pipeline.model.clock import is_within, trusted_time
from roster_pipeline.model.feed import District, EventBatch
from roster_pipeline.model.sync_state import Bookmark, LastPublication

MAX_FULL_SYNC_AGE = timedelta(hours=25)
"""If the last full sync is older than this, the next sync is a full one. One nightly sync was missed then."""
MAX_EVENTS_AGE = timedelta(days=29)
"""Clever keeps events for 30 days and does not report that older ones expired (docs/clever-api.md#events)."""
MAX_CHANGED_SHARE, MAX_CHANGED_RECORDS = 0.1, 2000
"""The sync is a full one if more records changed than this share of the district and more than this number.

A full sync takes less time then.
"""

AHEAD_OF_CLOCK = "the time of the last sync is ahead of the clock"
TOO_MANY = "so much has changed that a full sync takes less time"


@dataclass(frozen=True)
class SyncMode:
    """The mode of a sync and the reason for it. The reason is a clause without a capital letter and a full stop."""

    mode: Literal["full", "delta"]
    reason: str


def find_full_sync_reason(
    requested_mode: str,
    bookmark: Bookmark | None,
    published: LastPublication | None,
    *,
    is_published: bool,
    models_version: str,
    now: datetime,
) -> str | None:
    """Return why the sync must be a full one, or None if it may be a delta. Call this before the events are read.

    Args:
        requested_mode: `full`, `delta` or `auto`.
        bookmark: The bookmark of the district's file.
        published: The last sync that changed what is published.
        is_published: Whether the bookmark is published.
        models_version: The version of the API, the models and DuckDB with which this sync would make its tables.
    """
    if requested_mode == "full":
        return "a full sync was requested"
    if bookmark is None or published is None or not is_published:
        return "there is no published full sync to continue from"
    doubts = {
        "someone made a manual correction since the last sync": published.is_corrected,
        "part of the last plan is on hold or was rejected": not published.is_complete,
        "the last sync of this district ran on another machine": published.uid != bookmark.sync_uid,
        "the models or the API version changed since the last full sync": bookmark.models_version != models_version,
        "the events had missed changes before the last full sync": bookmark.missed > 0,
        AHEAD_OF_CLOCK: trusted_time(bookmark.full_read_at, now) is None or trusted_time(bookmark.seen_at, now) is None,
        "the last full sync is over a day old": not is_within(bookmark.full_read_at, MAX_FULL_SYNC_AGE, now),
        "events may have expired since they were last read": not is_within(bookmark.seen_at, MAX_EVENTS_AGE, now),
    }
    return next((doubt for doubt, applies in doubts.items() if applies), None)


def find_full_sync_reason_in_events(
    bookmark: Bookmark, district: District, events: EventBatch, *, rows: int
) -> str | None:
    """Return why the sync must be a full one, or None if it may be a delta. Call this after the events were read.

    Args:
        rows: The number of records in the raw tables.
    """
    if not events.changed and district.last_sync != bookmark.uploaded_at:
        return "Clever has imported the district's files since the last sync and reported no events"
    if events.undecodable:
        return f"{events.undecodable:,} events could not be read"
    if events.changed > max(MAX_CHANGED_RECORDS, rows * MAX_CHANGED_SHARE):
        return TOO_MANY
    return None
