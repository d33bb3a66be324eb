"""Brings what Clever says of a district into its DuckDB file: the whole of it, or what events say has changed since.

Puts extract, the choice of mode and land together; what the rows mean is decided by the stages after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

import duckdb

from roster_pipeline.damaged import move_aside
from roster_pipeline.delta.bookmark import load_bookmark
from roster_pipeline.delta.sync_mode import TOO_MANY, Choice, events_need_full_sync, full_sync_reason
from roster_pipeline.delta.workspace import build_workspace
from roster_pipeline.errors import EventsMissing, EventsTooMany, FileDamaged, SourceUnusable
from roster_pipeline.extract.client import CleverClient, DistrictConnection
from roster_pipeline.extract.events import newest_event, read_events
from roster_pipeline.extract.lists import read_feed
from roster_pipeline.land import Landed, land, open_warehouse
from roster_pipeline.land.warehouse import discard_workspace, open_workspace
from roster_pipeline.model.feed import Cursor, District, EventsRead, Feed, ResourceRead
from roster_pipeline.model.plan import PREVIEW
from roster_pipeline.model.resources import LONGEST_EMAIL, LONGEST_TEXT, RESOURCES
from roster_pipeline.model.sync_state import Bookmark, Published
from roster_pipeline.stage import load_models

UNTOLD = "Clever's events could not be read"
DAMAGED = "the district file was damaged and moved aside"


@dataclass(frozen=True)
class Asked:
    """One reading of one district.

    Attributes:
        sync_uid: of the sync; a preview has one of its own, which no sync has.
        mode: `full`, `delta` or `auto`.
        published: the last sync that changed what is published.
        files: the folder of the districts' DuckDB files.
        landing: a folder for what is on its way; the caller removes it.
        api_version: of Clever, of which tables are made.
        now: when the reading begins.
    """

    district_id: str
    sync_id: int
    sync_uid: str
    mode: str
    published: Published | None
    files: Path
    landing: Path
    api_version: str
    now: datetime

    @property
    def is_preview(self) -> bool:
        """Whether the district is only looked at, in a copy of its file."""
        return self.sync_id == PREVIEW

    @property
    def made_by(self) -> str:
        return f"{self.api_version} {_models()}"


@dataclass(frozen=True)
class Reading:
    """What was read, and landed.

    Attributes:
        choice: whether in full, and why so.
        reads: by list: what came of it; in a delta, by events.
        events: what the events said since the last reading, if they could be read.
        landed: the whole of the district; None in a delta, which landed an excerpt.
    """

    choice: Choice
    district: District
    reads: tuple[ResourceRead, ...]
    events: EventsRead | None
    landed: Landed | None

    @property
    def drift(self) -> Mapping[str, int] | None:
        """By list, the records that events had missed; None where nothing tells."""
        return self.landed.drift if self.landed else None


def read_district(client: CleverClient, asked: Asked) -> Reading:
    """Read a district as it was asked for, in full where a delta is not sure to tell everything.

    A district's file that is found damaged is moved aside, and the district is read in full into a new one.

    Raises:
        DistrictUnknown: the connection does not show the district.
        SourceUnusable: Clever gave nothing that can be believed.
        FileDamaged: the new file is damaged too.
        RosterError: the warehouse cannot be opened, or a file does not hold what was read.
    """
    try:
        return _read(client, asked)
    except FileDamaged as damage:
        move_aside(damage.file, asked.now)
    discard_workspace(asked.files, asked.district_id)
    again = asked.landing / "again"
    again.mkdir()
    try:
        return _read(client, replace(asked, landing=again), doubt=DAMAGED)
    except FileDamaged as damage:
        move_aside(damage.file, asked.now)
        raise


def _read(client: CleverClient, asked: Asked, doubt: str | None = None) -> Reading:
    """Read a district; `doubt` is a reason to read in full that is known already."""
    with open_warehouse(asked.files, asked.district_id, is_preview=asked.is_preview) as con:
        bookmark, is_confirmed = load_bookmark(con)
        rows = _rows(con) if bookmark else 0
    reason = doubt or full_sync_reason(
        asked.mode, bookmark, asked.published, is_confirmed=is_confirmed, made_by=asked.made_by, now=asked.now
    )
    connection = client.connection(asked.district_id)
    # Before the events: what is uploaded after this is news to the next sync, whatever the events tell of it.
    district = connection.district() if bookmark else None
    before = _events(connection, bookmark.cursor, asked.landing / "before") if bookmark else None
    if bookmark and district and not reason:
        if isinstance(before, EventsRead):
            reason = events_need_full_sync(bookmark, district, before, rows=rows)
            if not reason:
                return _read_changes(asked, bookmark, district, before)
        else:
            reason = before
    return _read_whole(client, connection, asked, bookmark, before, reason or "")


def _read_changes(asked: Asked, bookmark: Bookmark, district: District, events: EventsRead) -> Reading:
    """Cut out what the events reach."""
    moved = replace(
        bookmark,
        sync_id=asked.sync_id,
        sync_uid=asked.sync_uid,
        cursor=events.cursor,
        seen_at=asked.now,
        uploaded_at=district.last_sync,
    )
    with open_workspace(asked.files, asked.district_id) as con:
        build_workspace(con, district, events, moved)
    reason = f"{events.events:,} events tell all that changed since the last sync"
    return Reading(Choice("delta", reason), district, events.reads, events, None)


def _read_whole(
    client: CleverClient,
    connection: DistrictConnection,
    asked: Asked,
    bookmark: Bookmark | None,
    before: EventsRead | str | None,
    reason: str,
) -> Reading:
    """Read every list to its end, and the events around it: those until it began tell what they had missed."""
    told = before if isinstance(before, EventsRead) else None
    cursor = told.cursor if told else _newest(connection)
    feed = read_feed(client, asked.district_id, asked.landing)
    after = _events(connection, cursor, asked.landing / "after") if cursor else None
    if isinstance(after, EventsRead):
        # Tables that were made otherwise differ in every row: nothing tells what events had missed.
        comparable = bookmark is not None and bookmark.made_by == asked.made_by
        feed = replace(feed, before=told if comparable else None, after=after)
    with open_warehouse(asked.files, asked.district_id, is_preview=asked.is_preview) as con:
        landed = land(con, feed, asked.sync_id, _bookmark(asked, feed), sync_uid=asked.sync_uid)
    return Reading(Choice("full", reason), feed.district, feed.reads, told, landed)


def _bookmark(asked: Asked, feed: Feed) -> Bookmark | None:
    if feed.after is None:
        return None
    return Bookmark(
        asked.sync_id,
        asked.sync_uid,
        feed.after.cursor,
        seen_at=asked.now,
        uploaded_at=feed.district.last_sync,
        full_read_at=asked.now,
        made_by=asked.made_by,
    )


def _events(connection: DistrictConnection, cursor: Cursor, into: Path) -> EventsRead | str:
    """What the events say; or why they say nothing: a feed that cannot be read is no reason not to read the lists."""
    try:
        return read_events(connection, cursor, into)
    except EventsMissing:
        return "events since the last sync are missing from the feed"
    except EventsTooMany:
        return TOO_MANY
    except SourceUnusable:
        return UNTOLD


def _newest(connection: DistrictConnection) -> Cursor | None:
    """The end of the feed; None if it cannot be read."""
    try:
        return newest_event(connection, None)
    except SourceUnusable:
        return None


def _rows(con: duckdb.DuckDBPyConnection) -> int:
    rows = (con.execute(f"SELECT count(*) FROM raw.{one.name}").fetchone() for one in RESOURCES)
    return sum(int(row[0]) for row in rows if row)


@cache
def _models() -> str:
    """What tables are made by, in short: other models, other fields or another DuckDB make other tables."""
    parts = [f"{one.key} {one.sql}" for one in load_models()]
    parts += [f"{one.name} {one.fields}" for one in RESOURCES]
    parts.append(f"texts {LONGEST_TEXT} {LONGEST_EMAIL}")
    return sha256("\n".join([*parts, duckdb.__version__]).encode()).hexdigest()[:16]
