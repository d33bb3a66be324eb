"""Ingests a district: reads its lists in full or only the events, and fills its DuckDB file or a delta workspace.

`delta.sync_mode` chooses between the two, `extract` reads Clever, `land` and `delta` fill the tables. The later stages
interpret the records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

import duckdb

from roster_pipeline.damaged import move_aside
from roster_pipeline.delta.bookmark import load_bookmark
from roster_pipeline.delta.full_read import load_full_read
from roster_pipeline.delta.sync_mode import TOO_MANY, SyncMode, find_full_sync_reason, find_full_sync_reason_in_events
from roster_pipeline.delta.workspace import build_workspace
from roster_pipeline.errors import EventsMissing, EventsTooMany, FileDamaged, FileOutdated, SourceUnusable
from roster_pipeline.extract.client import DistrictConnection
from roster_pipeline.extract.events import find_newest_event, read_events
from roster_pipeline.extract.lists import read_lists
from roster_pipeline.land import LandResult
from roster_pipeline.land.blocks import rebuild_with_usual_blocks
from roster_pipeline.land.session import WarehouseSession
from roster_pipeline.model.feed import Cursor, District, EventBatch, Feed, ListFile
from roster_pipeline.model.resources import EMAIL_MAX_CHARS, RESOURCES, TEXT_MAX_CHARS
from roster_pipeline.model.sync_state import Bookmark, LastPublication
from roster_pipeline.model.text import count_noun
from roster_pipeline.stage import load_models

EVENTS_UNREADABLE = "Clever's events could not be read"
FILE_DAMAGED = "the district file was damaged and moved aside"
FILE_OUTDATED = "an earlier version wrote the district file, which was moved aside"


@dataclass(frozen=True)
class IngestRequest:
    """How to read a district.

    Attributes:
        sync_id: the number of the sync, or `PREVIEW_SYNC_ID` in a preview.
        sync_uid: the unique id of the sync. It is empty in a preview.
        mode: `full`, `delta` or `auto`.
        published: the last sync that changed what is published.
        landing: an empty folder for the files read from Clever. The caller removes it.
        api_version: the version of Clever's API.
        now: the time at which the read begins.
        on_rows: called with the number of rows of each page of a list.
    """

    sync_id: int
    sync_uid: str
    mode: str
    published: LastPublication | None
    landing: Path
    api_version: str
    now: datetime
    on_rows: Callable[[int], None] = lambda _rows: None

    @property
    def models_version(self) -> str:
        """The version of the API, the models and DuckDB. Tables made with another version cannot be compared."""
        return f"{self.api_version} {_models_digest()}"


@dataclass(frozen=True)
class IngestedDistrict:
    """The result of ingesting a district.

    Attributes:
        sync_mode: the mode of the sync and the reason for it.
        reads: the files of the lists. In a delta they hold only the records of the events.
        events: the events since the bookmark, or None if they could not be read.
        land_result: the content of the raw tables after a full read. None in a delta.
    """

    sync_mode: SyncMode
    district: District
    reads: tuple[ListFile, ...]
    events: EventBatch | None
    land_result: LandResult | None

    @property
    def drift(self) -> Mapping[str, int] | None:
        """The number of records that the events had missed, by list. None if it could not be measured."""
        return self.land_result.drift if self.land_result else None


def ingest_district(
    connection: DistrictConnection, session: WarehouseSession, request: IngestRequest
) -> IngestedDistrict:
    """Read a district in the requested mode, or in full if a delta could miss changes.

    A district's file that is damaged or of an earlier version is moved aside. The district is then read in full.

    Raises:
        SourceUnusable: the answers of Clever cannot be used.
        FileDamaged: the new file is damaged too.
        RosterError: the file cannot be opened, or a landing file is not as it was written.
    """
    try:
        return _ingest(connection, session, request)
    except FileDamaged as damage:
        session.end_delta()
        move_aside(damage.file, request.now)
        full_because = FILE_OUTDATED if isinstance(damage, FileOutdated) else FILE_DAMAGED
    second_landing = request.landing / "again"
    second_landing.mkdir()
    try:
        return _ingest(connection, session, replace(request, landing=second_landing), full_because=full_because)
    except FileDamaged as damage:
        session.end_delta()
        move_aside(damage.file, request.now)
        raise


def _ingest(
    connection: DistrictConnection,
    session: WarehouseSession,
    request: IngestRequest,
    full_because: str | None = None,
) -> IngestedDistrict:
    with session.open() as con:
        bookmark, is_published = load_bookmark(con)
        rows = _count_rows(con) if bookmark else 0
    reason = full_because or find_full_sync_reason(
        request.mode,
        bookmark,
        request.published,
        is_published=is_published,
        models_version=request.models_version,
        now=request.now,
    )
    # The district is read before the events. The next sync then notices an upload that happens after this moment.
    district = connection.district()
    before = _read_events(connection, bookmark.cursor, request.landing / "before") if bookmark else None
    if bookmark and not reason:
        if isinstance(before, EventBatch):
            reason = find_full_sync_reason_in_events(bookmark, district, before, rows=rows)
            if not reason:
                return _ingest_delta(session, request, bookmark, district, before)
        else:
            reason = before
    return _ingest_full(connection, session, request, bookmark, district, before, reason or "")


def _ingest_delta(
    session: WarehouseSession, request: IngestRequest, bookmark: Bookmark, district: District, events: EventBatch
) -> IngestedDistrict:
    """Fill a delta workspace with the rows that the events affect."""
    moved_bookmark = replace(
        bookmark,
        sync_id=request.sync_id,
        sync_uid=request.sync_uid,
        cursor=events.cursor,
        seen_at=request.now,
        uploaded_at=district.last_sync,
    )
    with session.begin_delta() as con:
        build_workspace(con, district, events, moved_bookmark)
    reason = _delta_reason(events.events)
    return IngestedDistrict(SyncMode("delta", reason), district, events.lists, events, None)


def _delta_reason(events: int) -> str:
    if not events:
        return "Clever reported no changes since the last sync"
    return f"Clever reported {count_noun(events, 'event')} since the last sync"


def _ingest_full(
    connection: DistrictConnection,
    session: WarehouseSession,
    request: IngestRequest,
    bookmark: Bookmark | None,
    district: District,
    before: EventBatch | str | None,
    reason: str,
) -> IngestedDistrict:
    """Read every list to its end, and land the lists with the events that came meanwhile.

    Args:
        before: the events from the bookmark to the beginning of this read, or the reason why they are unusable. The
            lists show which changes the events had missed.
        reason: why the district is read in full.
    """
    events = before if isinstance(before, EventBatch) else None
    cursor = events.cursor if events else _newest_event(connection)
    feed = Feed(district, read_lists(connection, request.landing, on_rows=request.on_rows))
    after = _read_events(connection, cursor, request.landing / "after") if cursor else None
    if isinstance(after, EventBatch):
        # Tables of another models version can differ in every row, so drift cannot be measured.
        is_comparable = bookmark is not None and bookmark.models_version == request.models_version
        feed = replace(feed, events_before=events if is_comparable else None, events_since=after)
    rebuild_with_usual_blocks(session)
    with session.open() as con:
        land_result = load_full_read(
            con, feed, request.sync_id, _new_bookmark(request, feed), sync_uid=request.sync_uid
        )
    return IngestedDistrict(SyncMode("full", reason), district, feed.lists, events, land_result)


def _new_bookmark(request: IngestRequest, feed: Feed) -> Bookmark | None:
    if feed.events_since is None:
        return None
    return Bookmark(
        request.sync_id,
        request.sync_uid,
        feed.events_since.cursor,
        seen_at=request.now,
        uploaded_at=feed.district.last_sync,
        full_read_at=request.now,
        models_version=request.models_version,
    )


def _read_events(connection: DistrictConnection, cursor: Cursor, into: Path) -> EventBatch | str:
    """Return the events, or the reason why they are unusable. The caller then reads the lists in full."""
    try:
        return read_events(connection, cursor, into)
    except EventsMissing:
        return "events since the last sync are missing from the feed"
    except EventsTooMany:
        return TOO_MANY
    except SourceUnusable:
        return EVENTS_UNREADABLE


def _newest_event(connection: DistrictConnection) -> Cursor | None:
    """Return the end of the event feed, or None if the feed cannot be read."""
    try:
        return find_newest_event(connection, None)
    except SourceUnusable:
        return None


def _count_rows(con: duckdb.DuckDBPyConnection) -> int:
    rows = (con.execute(f"SELECT count(*) FROM raw.{resource.name}").fetchone() for resource in RESOURCES)
    return sum(int(row[0]) for row in rows if row)


@cache
def _models_digest() -> str:
    """Return a digest of the models, the fields that are kept, and the version of DuckDB."""
    parts = [f"{model.key} {model.sql}" for model in load_models()]
    parts += [f"{resource.name} {resource.fields}" for resource in RESOURCES]
    parts.append(f"texts {TEXT_MAX_CHARS} {EMAIL_MAX_CHARS}")
    return sha256("\n".join([*parts, duckdb.__version__]).encode()).hexdigest()[:16]
