"""Read what changed in a district since a cursor in Clever's event feed.

Event ids give the order and the cursor. Times do not order events (docs/clever-api.md#events). Clever answers an
expired cursor like any other one, with the oldest event that it keeps. So a reading is complete only if it begins
with an event that was seen before. The caller decides whether a sync uses events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from roster_pipeline.errors import EventsMissing, EventsTooMany
from roster_pipeline.extract.event import decode_event, decode_event_ids
from roster_pipeline.extract.event_compaction import EventCompaction
from roster_pipeline.extract.lenient_decode import split_page
from roster_pipeline.extract.pagination import LIMIT, follow_pages
from roster_pipeline.model.feed import Cursor, EventBatch

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from roster_pipeline.extract.client import DistrictConnection
    from roster_pipeline.extract.event import Event


MAX_RECORDS = 50_000
"""The most changed records that are held in memory. With more changes a full sync costs less in any district."""


def read_events(
    connection: DistrictConnection, since: Cursor, folder: Path, *, max_records: int = MAX_RECORDS
) -> EventBatch:
    """Read the events after a cursor and compact them to the newest state of each record.

    The events can come in any order. The function holds the kept fields of the newest states and the event ids.

    Args:
        connection: the connection of the district.
        since: the cursor.
        folder: the folder for the files `<resource>.events.ndjson.zst`. It is created if it is missing. It then holds
            data of people, so the caller removes it, after an error too.
        max_records: the most changed records.

    Raises:
        EventsTooMany: more records have changed.
        EventsMissing: events after the cursor may be missing. The cursor of an empty feed cannot be checked. It is
            valid as long as Clever keeps events, 30 days.
        SourceUnusable: the feed could not be read to its end. It is SourceRefused if the application may not read
            events.
    """
    label = _describe(connection)
    compaction = EventCompaction(connection.district_id)
    times: dict[str, datetime | None] = {}
    pages = 0
    for page in follow_pages(connection, _address(connection, since), lambda body: split_page(body, label), label):
        pages += 1
        for event in map(decode_event, page.records):
            if _is_new(event, since, times):
                compaction.add(event)
        if len(compaction) > max_records:
            raise EventsTooMany(f"{label}: more than {max_records:,} records have changed. A full sync is needed.")
    _check_continuity(since, times, label)
    times.pop(since.last or "", None)
    folder.mkdir(parents=True, exist_ok=True)
    return EventBatch(
        cursor=_advance(since, times),
        events=len(times),
        lists=compaction.write(folder, pages),
        deleted=compaction.deleted(),
        unknown_types=dict(compaction.unknown_types),
        oldest_at=times[min(times)] if times else None,
        newest_at=times[max(times)] if times else None,
        undecodable=compaction.undecodable,
    )


def find_newest_event(connection: DistrictConnection, since: Cursor | None) -> Cursor:
    """Return the cursor at the end of the event feed. Only the ids of events are decoded.

    Args:
        connection: the connection of the district.
        since: the cursor to start from, or None for the beginning of the feed. Its events may have expired. It is
            returned if there are no events after it.

    Raises:
        SourceUnusable: the feed could not be read to its end.
    """
    since = since or Cursor(None, None)
    label = _describe(connection)
    newest: list[str] = []
    for page in follow_pages(
        connection, _address(connection, since), lambda body: decode_event_ids(body, label), label
    ):
        newest = sorted({*newest, *page.ids})[-2:]
    return _advance(since, [event_id for event_id in newest if event_id > (since.before or "")])


def _describe(connection: DistrictConnection) -> str:
    return f"District {connection.district_id}, events"


def _address(connection: DistrictConnection, since: Cursor) -> httpx.URL:
    start = {"starting_after": since.before} if since.before else {}
    return httpx.URL(connection.client.access.lists.join("events"), params={"limit": LIMIT, **start})


def _is_new(event: Event, since: Cursor, times: dict[str, datetime | None]) -> bool:
    """Return whether an event is after the cursor and comes for the first time.

    Args:
        event: the event.
        since: the cursor.
        times: the times of the events after `since.before`, by event id. The function adds the event.
    """
    if event.id is None:
        return True
    if event.id <= (since.before or "") or event.id in times:
        return False
    times[event.id] = event.created
    return event.id > (since.last or "")


def _check_continuity(since: Cursor, ids: Iterable[str], label: str) -> None:
    """Raise an error unless the first event after `since.before` is `since.last`.

    If it is, no event after the cursor has expired, and none came late.
    """
    if since.last is not None and min(ids, default=None) != since.last:
        raise EventsMissing(f"{label}: events after {since.last} may be missing. A full sync is needed.")


def _advance(since: Cursor, ids: Iterable[str]) -> Cursor:
    """Return the cursor at the newest of these events, or the old cursor if there are none."""
    ids = set(ids)
    if not ids:
        return since
    last = max(ids)
    candidates = ids | {event_id for event_id in (since.before, since.last) if event_id}
    return Cursor(max((event_id for event_id in candidates if event_id < last), default=None), last)
