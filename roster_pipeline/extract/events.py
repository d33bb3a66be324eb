"""Read what changed in a district since a cursor in Clever's feed of events.

Event ids give the order and the cursor. Times do not order events (docs/clever-api.md#events). Clever answers an
expired cursor like any other one, with the oldest event that it keeps. So a reading is complete only if it begins
with an event that was seen before. The caller decides whether a sync uses events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from roster_pipeline.errors import EventsMissing, EventsTooMany
from roster_pipeline.extract.event import read_event, read_ids
from roster_pipeline.extract.event_compaction import NewestStates
from roster_pipeline.extract.lenient_decode import split
from roster_pipeline.extract.pagination import LIMIT, walk
from roster_pipeline.model.feed import Cursor, EventsRead

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from roster_pipeline.extract.client import DistrictConnection
    from roster_pipeline.extract.event import Event


MOST = 50_000
"""Records whose newest state is held in memory. After more changes, a full read costs less in any district."""


def read_events(connection: DistrictConnection, since: Cursor, into: Path, *, most: int = MOST) -> EventsRead:
    """The newest state of each record that changed since the cursor, whatever order the events come in.

    Holds those states, kept fields only, and the ids of the events. `previous_attributes` are never read (`event.py`).

    Args:
        into: a folder for `<resource>.events.ndjson.zst`, made if it is missing. It then holds people: the caller
            removes it, after a failure too.
        most: records to hold.

    Raises:
        EventsTooMany: they speak of more records than that.
        EventsMissing: it is not proven that every event since the cursor came. Where the cursor is of an empty feed,
            no event can prove it: such a cursor is good for as long as Clever keeps events, 30 days.
        SourceUnusable: the feed could not be read to its end; SourceRefused where the app may read no events.
    """
    what = _what(connection)
    states = NewestStates(connection.district_id)
    seen: dict[str, datetime | None] = {}
    pages = 0
    for page in walk(connection, _address(connection, since), lambda body: split(body, what), what):
        pages += 1
        for event in map(read_event, page.records):
            if _is_news(event, since, seen):
                states.take(event)
        if len(states) > most:
            raise EventsTooMany(f"{what}: more than {most:,} records have changed; the district is to be read in full.")
    _prove(since, seen, what)
    seen.pop(since.last or "", None)
    into.mkdir(parents=True, exist_ok=True)
    return EventsRead(
        _moved(since, seen),
        len(seen),
        states.write(into, pages),
        states.gone(),
        dict(states.unknown),
        seen[min(seen)] if seen else None,
        seen[max(seen)] if seen else None,
        states.unreadable,
    )


def newest_event(connection: DistrictConnection, since: Cursor | None) -> Cursor:
    """The end of the feed, ids only.

    Args:
        since: where to start, None for the beginning. It need not be in the feed any more, and is the answer if
            nothing comes.

    Raises:
        SourceUnusable: as `read_events`.
    """
    since = since or Cursor(None, None)
    what = _what(connection)
    newest: list[str] = []
    for page in walk(connection, _address(connection, since), lambda body: read_ids(body, what), what):
        newest = sorted({*newest, *page.ids})[-2:]
    return _moved(since, [each for each in newest if each > (since.before or "")])


def _what(connection: DistrictConnection) -> str:
    return f"District {connection.district_id}, events"


def _address(connection: DistrictConnection, since: Cursor) -> httpx.URL:
    resumed = {"starting_after": since.before} if since.before else {}
    return httpx.URL(connection.client.access.lists.join("events"), params={"limit": LIMIT, **resumed})


def _is_news(event: Event, since: Cursor, seen: dict[str, datetime | None]) -> bool:
    """Whether it comes after the cursor and for the first time. Remembers in `seen` what comes after its `before`."""
    if event.id is None:
        return True
    if event.id <= (since.before or "") or event.id in seen:
        return False
    seen[event.id] = event.created
    return event.id > (since.last or "")


def _prove(since: Cursor, seen: Iterable[str], what: str) -> None:
    """The first event after the cursor's `before` must be its `last`: then none has expired and none came late."""
    if since.last is not None and min(seen, default=None) != since.last:
        raise EventsMissing(f"{what}: the feed does not go on from {since.last}; the district is to be read in full.")


def _moved(since: Cursor, ids: Iterable[str]) -> Cursor:
    """The cursor at the newest of these ids; as it was if there are none."""
    ids = set(ids)
    if not ids:
        return since
    last = max(ids)
    known = ids | {each for each in (since.before, since.last) if each}
    return Cursor(max((each for each in known if each < last), default=None), last)
