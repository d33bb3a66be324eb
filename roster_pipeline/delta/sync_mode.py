"""Full or delta: how a district is read this time, and why so. Only events that are sure to tell everything will do.

A delta sync decides again what events changed and leaves the rest as it was last published; whatever makes that
doubtful makes the sync a full one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from roster_pipeline.model.clock import is_within, trusted_time
from roster_pipeline.model.feed import District, EventBatch
from roster_pipeline.model.sync_state import Bookmark, LastPublication

FULL_EVERY = timedelta(hours=25)
"""A night that was missed is made up for by the next sync."""
FEED_REACHES = timedelta(days=29)
"""Clever keeps events for 30 days and says nothing of those that expired (docs/clever-api.md#events)."""
SHARE, AT_LEAST = 0.1, 2000
"""Records: if more have changed than this share of the district, a full read costs less."""

AHEAD_OF_CLOCK = "the last read is dated ahead of the clock, so it is not known when it was"
TOO_MANY = "more has changed than a full read costs"


@dataclass(frozen=True)
class Choice:
    """How to read a district, and why, as the end of a sentence."""

    mode: Literal["full", "delta"]
    reason: str


def full_sync_reason(
    asked: str,
    bookmark: Bookmark | None,
    published: LastPublication | None,
    *,
    is_confirmed: bool,
    made_by: str,
    now: datetime,
) -> str | None:
    """Why a delta will not do, before any event is read; None if it may.

    Args:
        asked: `full`, `delta` or `auto`.
        bookmark: of the district's warehouse, which counts if it `is_confirmed`.
        made_by: what tables would be made by now.
    """
    if asked == "full":
        return "a full read was asked for"
    if bookmark is None or published is None or not is_confirmed:
        return "there is no complete full read to go on from"
    doubts = {
        "a person corrected or undid something since the last sync": published.is_corrected,
        "part of the last plan waits for a person or was rejected": not published.is_complete,
        "the last sync of this district ran elsewhere": published.uid != bookmark.sync_uid,
        "the models or the API version are not those of the last full read": bookmark.made_by != made_by,
        "events missed something before the last full read": bookmark.missed > 0,
        AHEAD_OF_CLOCK: trusted_time(bookmark.full_read_at, now) is None or trusted_time(bookmark.seen_at, now) is None,
        "the last full read is over a day old": not is_within(bookmark.full_read_at, FULL_EVERY, now),
        "events may have expired since they were last read": not is_within(bookmark.seen_at, FEED_REACHES, now),
    }
    return next((doubt for doubt, stands in doubts.items() if stands), None)


def events_need_full_sync(bookmark: Bookmark, district: District, events: EventBatch, *, rows: int) -> str | None:
    """Why a delta will not do, now that the events are read; None if it will.

    Args:
        rows: records of the district.
    """
    if not events.changed and district.last_sync != bookmark.uploaded_at:
        return "Clever has taken in the district's files since, and told no event of what changed"
    if events.undecodable:
        return f"{events.undecodable:,} events could not be read"
    if events.changed > max(AT_LEAST, rows * SHARE):
        return TOO_MANY
    return None
