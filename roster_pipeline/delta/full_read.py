"""Loads a full read of a district together with the events around it, from which the next delta sync goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roster_pipeline.delta.bookmark import save_bookmark
from roster_pipeline.delta.drift import measure_drift, save_expected_records
from roster_pipeline.delta.events import apply_events, drop_events, drop_outdated_events, load_events
from roster_pipeline.land import Landed, land

if TYPE_CHECKING:
    import duckdb

    from roster_pipeline.model.feed import Feed
    from roster_pipeline.model.sync_state import Bookmark


def load_full_read(
    con: duckdb.DuckDBPyConnection, feed: Feed, sync_id: int, bookmark: Bookmark | None, *, sync_uid: str | None = None
) -> Landed:
    """Replace the raw tables by a feed with the events that came meanwhile, measure drift and save the bookmark.

    Args:
        con: The district's file.
        bookmark: The end of the events. None if Clever gives none. It counts once it is confirmed.

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

    landed = land(con, feed, sync_id, sync_uid=sync_uid, follow_events=follow_events)
    drop_events(con)
    return landed


def _follow_events(con: duckdb.DuckDBPyConnection, feed: Feed) -> dict[str, int] | None:
    """Apply the events that came while the lists were read. Return the drift, or None where it cannot be measured."""
    if feed.events_since is None:
        return None
    if feed.events_since.changed:
        drop_outdated_events(con)
        apply_events(con)
    return measure_drift(con) if feed.events_before else None
