"""One reading of one district: what extract hands to land, with the proof of how completely it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from roster_pipeline.model.resources import Resource


@dataclass(frozen=True)
class District:
    """A district as Clever describes it.

    Attributes:
        state: Clever's word (`running`, `paused`, `error` and so on); empty where Clever gives none.
        last_sync: when Clever last took in the district's files.
        error: what Clever says is wrong, in Clever's words; empty where nothing is.
        pause_end: when a pause in Clever ends.
        portal_url: the address of the district's Clever portal, http or https; empty where Clever gives none.
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
    """A record that could not be read, or a field of it that was dropped. Carries no value of the record."""

    resource: str
    clever_id: str | None
    reason: str
    whole_record: bool


@dataclass(frozen=True)
class ResourceRead:
    """One list, read from its first page to its last.

    Attributes:
        file: the kept fields of its records as NDJSON, zstd-compressed.
        pages: answers read, an empty last page included.
        rows: records written to `file`.
        rejections: records refused and fields dropped because of their type.
    """

    resource: Resource
    file: Path
    pages: int
    rows: int
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True)
class Cursor:
    """A place in Clever's feed of events, by event ids; they ascend (docs/clever-api.md#events).

    Attributes:
        before: the event before `last`, where reading resumes.
        last: the newest event that was seen. None: there was none.
    """

    before: str | None = None
    last: str | None = None


@dataclass(frozen=True)
class EventsRead:
    """What the feed says after a cursor: the newest state of each record, in files like those of lists.

    Attributes:
        cursor: the new one; the old one if nothing came.
        events: how many came after the old cursor; one that comes twice is one.
        reads: for each raw list the records that were created or updated, last state only. `rows` may be 0.
        gone: by raw list, the ids that are no longer in it. What was set aside is neither there nor in a file.
        unknown: how many were passed over because nobody knows what they mean, by what they call themselves.
        unreadable: how many of these may have spoken of a record that we hold.
        oldest_at: when Clever made the first of them, in UTC. Informational: times do not order events.
        newest_at: the same of the last.
    """

    cursor: Cursor
    events: int
    reads: tuple[ResourceRead, ...]
    gone: Mapping[str, tuple[str, ...]]
    unknown: Mapping[str, int]
    oldest_at: datetime | None = None
    newest_at: datetime | None = None
    unreadable: int = 0

    @property
    def changed(self) -> int:
        """Records of our lists that they speak of; one of two lists counts twice."""
        read = sum(one.rows + len(one.rejections) for one in self.reads)
        return read + sum(len(ids) for ids in self.gone.values())


@dataclass(frozen=True)
class Feed:
    """Every list of one district, each read to its end without an error: extract raises otherwise.

    Attributes:
        before: the events from the bookmark to the beginning of the read, if it could be told.
        after: the events that came since the read began; None where the app may not read events.
    """

    district: District
    reads: tuple[ResourceRead, ...]
    before: EventsRead | None = None
    after: EventsRead | None = None
