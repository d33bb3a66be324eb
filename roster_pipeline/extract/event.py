"""Decode one event of Clever's feed as far as possible (docs/clever-api.md#events).

An event is wrapped like a record. `data.object` is the whole record after the event. An event replaces the record and
is never merged into it. So `previous_attributes` is not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw, Struct

from roster_pipeline.extract.envelope import DECODE_ERRORS, Envelope, Link, Wrapped, parse_time
from roster_pipeline.extract.lenient_decode import split_page
from roster_pipeline.model.clever_id import is_clever_id

if TYPE_CHECKING:
    from datetime import datetime

EVENT_TYPE = re.compile(r"[A-Za-z0-9_]{1,30}(\.[A-Za-z0-9_]{1,30}){0,2}")
"""The form of a type. Another text is not repeated anywhere, because it may hold anything."""


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
    """The ids of the events of one answer, in the order of the answer."""

    links: list[Link]
    ids: list[str]


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes:
        id: the id, or None if there is none with the form of a Clever id.
        type: the type, such as `users.updated`, or None if there is none that can be shown.
        created: when Clever made the event, for information only.
        record: the whole record as JSON that was not decoded, or None if there is none.
    """

    id: str | None
    type: str | None
    created: datetime | None
    record: bytes | None


_WHOLE = msgspec.json.Decoder(Wrapped[_Event])
_BARE = msgspec.json.Decoder(Wrapped[_Fields])
_IDS = msgspec.json.Decoder(Envelope[Wrapped[_Head]])


def decode_event(raw: bytes) -> Event:
    """Decode as much of an event as possible. Any JSON is accepted."""
    fields = _fields(raw)
    payload = fields.data if isinstance(fields, _Event) else None
    record = bytes(payload.object) if payload else b""
    is_type = isinstance(fields.type, str) and EVENT_TYPE.fullmatch(fields.type)
    return Event(
        _id(fields.id),
        fields.type if is_type else None,
        parse_time(fields.created),
        record if record.startswith(b"{") else None,
    )


def decode_event_ids(body: bytes, label: str) -> EventIds:
    """Decode only the ids of the events of one answer.

    Raises:
        SourceBroken: the answer is not a page of events.
    """
    try:
        page = _IDS.decode(body)
        links, ids = page.links, [_id(event.data.id) for event in page.data]
    except DECODE_ERRORS:
        links, raws = split_page(body, label)
        ids = [decode_event(raw).id for raw in raws]
    return EventIds(links, [event_id for event_id in ids if event_id])


def _fields(raw: bytes) -> _Fields:
    """Decode all fields, or the fields around an unusable record, or no fields of something that is no event."""
    for decoder in (_WHOLE, _BARE):
        try:
            return decoder.decode(raw).data
        except DECODE_ERRORS:
            continue
    return _Fields()


def _id(value: object) -> str | None:
    """Return an event id. Ids are compared, so a text of another form could block the feed for ever."""
    return value if isinstance(value, str) and is_clever_id(value) else None
