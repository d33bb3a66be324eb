"""Loads a full read of a district into the raw tables, with the events that came during the read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roster_pipeline.delta.bookmark import save_bookmark
from roster_pipeline.delta.drift import measure_drift, save_expected_records
from roster_pipeline.delta.events import apply_events, drop_events, drop_outdated_events, load_events
from roster_pipeline.land import LandResult, land

if TYPE_CHECKING:
    import duckdb

    from roster_pipeline.model.feed import Feed
    from roster_pipeline.model.sync_state import Bookmark


def load_full_read(
    con: duckdb.DuckDBPyConnection, feed: Feed, sync_id: int, bookmark: Bookmark | None, *, sync_uid: str | None = None
) -> LandResult:
    """Replace the raw tables with a feed, apply the events that came meanwhile, measure drift and save the bookmark.

    The next delta sync starts at the bookmark, after `mark_bookmark_published` was called.

    Args:
        con: The district's file.
        feed: The lists, the events before the read and the events during the read.
        bookmark: The end of the event feed. None if Clever's events cannot be read.

    Raises:
        RosterError: As in `land`.
    """
    if feed.events_before:
        save_expected_records(con, feed.events_before, sync_id)
    if feed.events_since:
        load_events(con, feed.events_since, sync_id)

    def follow_events() -> dict[str, int] | None:
        drift = _follow_events(con, feed)
        save_bookmark(con, bookmark, missed=sum(drift.values()) if drift else 0)
        return drift

    land_result = land(con, feed, sync_id, sync_uid=sync_uid, follow_events=follow_events)
    drop_events(con)
    return land_result


def _follow_events(con: duckdb.DuckDBPyConnection, feed: Feed) -> dict[str, int] | None:
    """Apply the events that came while the lists were read. Return the drift, or None if it cannot be measured."""
    if feed.events_since is None:
        return None
    if feed.events_since.changed:
        drop_outdated_events(con)
        apply_events(con)
    return measure_drift(con) if feed.events_before else None
