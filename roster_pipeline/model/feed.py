"""One reading of one district: the records and events that extract hands to land, with the size of each list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from roster_pipeline.model.resources import Resource


@dataclass(frozen=True)
class District:
    """A district as Clever describes it (docs/clever-api.md#district).

    Attributes:
        state: Clever's state (`running`, `paused`, `error` and so on). Empty if Clever gives none.
        last_sync: when Clever last received an upload from the district.
        error: Clever's description of a problem, in Clever's words. Empty if there is none.
        pause_end: when a pause in Clever ends.
        portal_url: the address of the district's Clever portal, http or https. Empty if Clever gives none.
    """

    id: str
    name: str
    state: str
    last_sync: datetime | None
    error: str = ""
    pause_end: datetime | None = None
    portal_url: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rejected record, or a field that was dropped from a partially read record. It holds no value of the record.

    Attributes:
        resource: the name of the list.
        clever_id: the id of the record, if it could be decoded.
        reason: the field and the requirement that it broke.
        is_whole_record: True for a rejected record, False for a dropped field.
    """

    resource: str
    clever_id: str | None
    reason: str
    is_whole_record: bool


@dataclass(frozen=True)
class ListFile:
    """The records of one list, as a landing file.

    Attributes:
        file: the kept fields of the records as NDJSON, compressed with zstd.
        pages: the number of answers that were read, an empty last page included.
        rows: the number of records in `file`.
        rejections: the records and fields that are not in `file`.
    """

    resource: Resource
    file: Path
    pages: int
    rows: int
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True)
class Cursor:
    """A place in Clever's event feed. Event ids ascend (docs/clever-api.md#events).

    Attributes:
        before: the event before `last`. A reading resumes here, so that it begins with `last`.
        last: the newest event that was seen. None if there was no event.
    """

    before: str | None = None
    last: str | None = None


@dataclass(frozen=True)
class EventBatch:
    """The events after a cursor, compacted to the newest state of each record.

    Attributes:
        cursor: the cursor after the last event, or the old cursor if there was no event.
        events: the number of events after the old cursor. An event that comes twice counts once.
        lists: for each list, the created and updated records in their newest state. A list can have no rows.
        deleted: for each list, the ids of deleted records. Rejected records are neither here nor in a file.
        unknown_types: the number of skipped events by their unknown type.
        undecodable: the number of skipped events that may concern a record that the product holds.
        oldest_at: when Clever made the first event, in UTC. This is information only: times do not order events.
        newest_at: when Clever made the last event, in UTC.
    """

    cursor: Cursor
    events: int
    lists: tuple[ListFile, ...]
    deleted: Mapping[str, tuple[str, ...]]
    unknown_types: Mapping[str, int]
    oldest_at: datetime | None = None
    newest_at: datetime | None = None
    undecodable: int = 0

    @property
    def changed(self) -> int:
        """Return the number of changed records. A record of two lists counts twice."""
        updated = sum(file.rows + len(file.rejections) for file in self.lists)
        return updated + sum(len(ids) for ids in self.deleted.values())


@dataclass(frozen=True)
class Feed:
    """Every list of one district. Extract raises an error unless it reads each list to its end.

    Attributes:
        events_before: the events from the bookmark to the beginning of this reading. None if they are unusable.
        events_since: the events since this reading began. None if the application may not read events.
    """

    district: District
    lists: tuple[ListFile, ...]
    events_before: EventBatch | None = None
    events_since: EventBatch | None = None
