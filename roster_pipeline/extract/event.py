"""One event of Clever's feed, as far as it can be read. What its record looks like is in `records.py`.

Events are wrapped like records, and the record is in `data.object`, whole, as it is after the event. The old values in
`previous_attributes` are never needed, wherever they stand (inside `data`, as on the wire, beside it, as the
specification says, or nowhere): a record is replaced, never merged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw, Struct

from roster_pipeline.extract.envelope import UNREADABLE, Envelope, Link, Wrapped, moment
from roster_pipeline.extract.lenient_decode import CLEVER_ID, split

if TYPE_CHECKING:
    from datetime import datetime

TYPE = re.compile(r"[A-Za-z0-9_]{1,30}(\.[A-Za-z0-9_]{1,30}){0,2}")
"""How a type looks; other text is not repeated anywhere, for it may be anything."""


class _Payload(Struct):
    object: Raw = Raw(b"null")


class _Head(Struct):
    id: Any = None


class _Fields(_Head):
    type: Any = None
    created: Any = None


class _Event(_Fields):
    data: _Payload | None = None


@dataclass(frozen=True)
class EventIds:
    """The ids of one answer's events, as they came."""

    links: list[Link]
    ids: list[str]


@dataclass(frozen=True)
class Event:
    """What an event says.

    Attributes:
        id: None if there is none by which it could be put in its place.
        type: such as `users.updated`; None if there is none that can be shown.
        created: informational.
        record: the whole record as JSON, unread; None if there is none.
    """

    id: str | None
    type: str | None
    created: datetime | None
    record: bytes | None


_WHOLE = msgspec.json.Decoder(Wrapped[_Event])
_BARE = msgspec.json.Decoder(Wrapped[_Fields])
_IDS = msgspec.json.Decoder(Envelope[Wrapped[_Head]])


def read_event(raw: bytes) -> Event:
    """As much of an event as can be read, of any JSON."""
    fields = _fields(raw)
    payload = fields.data if isinstance(fields, _Event) else None
    record = bytes(payload.object) if payload else b""
    known = isinstance(fields.type, str) and TYPE.fullmatch(fields.type)
    return Event(
        _id(fields.id),
        fields.type if known else None,
        moment(fields.created),
        record if record.startswith(b"{") else None,
    )


def read_ids(body: bytes, what: str) -> EventIds:
    """The ids of one answer's events, and hardly more of it.

    Raises:
        SourceBroken: the answer is no page of events.
    """
    try:
        page = _IDS.decode(body)
        links, found = page.links, [_id(event.data.id) for event in page.data]
    except UNREADABLE:
        links, raws = split(body, what)
        found = [read_event(raw).id for raw in raws]
    return EventIds(links, [each for each in found if each])


def _fields(raw: bytes) -> _Fields:
    """All fields; those around the record where it is not where it should be; none where this is no event."""
    for decoder in (_WHOLE, _BARE):
        try:
            return decoder.decode(raw).data
        except UNREADABLE:
            continue
    return _Fields()


def _id(value: object) -> str | None:
    """Ids are compared, so that text of another form could end the feed for ever."""
    return value if isinstance(value, str) and CLEVER_ID.fullmatch(value) else None
