"""Compact the events of one district to the newest state of each record."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import Struct

from roster_pipeline.extract.envelope import DECODE_ERRORS
from roster_pipeline.extract.lenient_decode import RecordDecoder
from roster_pipeline.extract.lists import open_compressed
from roster_pipeline.extract.records import RECORD_TYPES, Person, Record, Roles
from roster_pipeline.model.feed import ListFile
from roster_pipeline.model.resources import RESOURCES

if TYPE_CHECKING:
    from pathlib import Path

    from roster_pipeline.extract.event import Event
    from roster_pipeline.model.feed import Rejection
    from roster_pipeline.model.resources import Resource

UNUSED_RECORD_TYPES = ("districts", "resources")
"""The record types of Clever that the product does not use."""
DELETED = "deleted"
ACTIONS = ("created", "updated", DELETED)
MAX_UNKNOWN_TYPES = 20
"""The most unknown types that are counted apart. All further ones are counted as `OTHERS`."""
OTHERS = "others"

_encode_lines = msgspec.json.Encoder().encode_lines


class _RecordKey(Struct):
    """The fields that identify a record and the lists that it is in."""

    id: Any = None
    roles: Any = None


class _PersonWithRoles(Person, omit_defaults=True, gc=False, kw_only=True):
    """A person of an event. `roles` is required, because only the roles tell which lists the person is in."""

    roles: Roles


class _State(NamedTuple):
    """A record after an event.

    Attributes:
        event_id: the newest event of the record.
        line: the record as a line of NDJSON. Empty if the record is not in the list.
        is_deleted: whether the record left the list.
        rejections: the parts that could not be decoded.
    """

    event_id: str
    line: bytes
    is_deleted: bool
    rejections: tuple[Rejection, ...]


class EventCompaction:
    """Collect the events of one district in any order, and keep the newest state of each record.

    Attributes:
        unknown_types: the number of skipped events by their type.
        undecodable: the number of skipped events that may concern a record that the product holds.
    """

    def __init__(self, district_id: str) -> None:
        self._lists = [_ListStates(resource, district_id) for resource in RESOURCES]
        self._lists_by_path: dict[str, list[_ListStates]] = {}
        for states in self._lists:
            self._lists_by_path.setdefault(states.resource.path, []).append(states)
        self.unknown_types: Counter[str] = Counter()
        self.undecodable = 0

    def add(self, event: Event) -> None:
        """Keep the record of an event, unless a newer event has the same record."""
        record_type, _, action = (event.type or "").partition(".")
        if action in ACTIONS and record_type in UNUSED_RECORD_TYPES:
            return
        is_known = action in ACTIONS and record_type in self._lists_by_path
        if is_known and event.id and event.record:
            self._add_record(event.id, event.record, self._lists_by_path[record_type], is_deleted=action == DELETED)
            return
        self._count(_describe_unknown(event, is_known=is_known))
        # An event of a used record type, or one without a type, may concern a record that the product holds.
        self.undecodable += not event.id or not event.type or record_type in self._lists_by_path

    def __len__(self) -> int:
        """Return the number of records. A record counts once for each list that may hold it."""
        return sum(len(states) for states in self._lists)

    def deleted(self) -> dict[str, tuple[str, ...]]:
        """Return the ids of the records that left each list, in ascending order."""
        return {states.resource.name: states.deleted() for states in self._lists}

    def write(self, folder: Path, pages: int) -> tuple[ListFile, ...]:
        """Write a file for each list, with the records that are in the list now."""
        return tuple(states.write(folder, pages) for states in self._lists)

    def _add_record(self, event_id: str, record: bytes, lists: list[_ListStates], *, is_deleted: bool) -> None:
        key = _decode_key(record)
        record_id = key.id if isinstance(key.id, str) and key.id else event_id
        for states in lists:
            states.add(event_id, record_id, record, is_in_list=not is_deleted and states.may_hold(key.roles))

    def _count(self, event_type: str) -> None:
        has_room = event_type in self.unknown_types or len(self.unknown_types) < MAX_UNKNOWN_TYPES - 1
        self.unknown_types[event_type if has_room else OTHERS] += 1


class _ListStates:
    """The newest states of the records of one list."""

    def __init__(self, resource: Resource, district_id: str) -> None:
        self.resource = resource
        record_type = _PersonWithRoles if resource.role else RECORD_TYPES[resource.name]
        self._decoder = RecordDecoder(resource.name, record_type, district_id)
        self._deleted_decoder = RecordDecoder(resource.name, Record, district_id)
        self._states: dict[str, _State] = {}

    def __len__(self) -> int:
        return len(self._states)

    def may_hold(self, roles: object) -> bool:
        """Return whether a record with these roles is in the list. Roles that cannot be decoded prove no absence."""
        role = self.resource.role
        return role is None or not isinstance(roles, dict) or roles.get(role) is not None

    def add(self, event_id: str, record_id: str, raw: bytes, *, is_in_list: bool) -> None:
        """Keep the record of an event, unless a newer event has the same record."""
        state = self._states.get(record_id)
        if state is not None and state.event_id > event_id:
            return
        decoder = self._decoder if is_in_list else self._deleted_decoder
        record, rejections = decoder.decode(b'{"data":%b}' % raw)
        line = _encode_lines([record]) if record and is_in_list else b""
        self._states[record_id] = _State(event_id, line, record is not None and not is_in_list, tuple(rejections))

    def deleted(self) -> tuple[str, ...]:
        """Return the ids of the records that left the list, in ascending order."""
        return tuple(sorted(key for key, state in self._states.items() if state.is_deleted))

    def write(self, folder: Path, pages: int) -> ListFile:
        """Write the records that are in the list, in ascending order of their ids."""
        file = folder / f"{self.resource.name}.events.ndjson.zst"
        states = [self._states[key] for key in sorted(self._states)]
        lines = [state.line for state in states if state.line]
        with open_compressed(file) as out:
            for line in lines:
                out.write(line)
        rejections = tuple(rejection for state in states for rejection in state.rejections)
        return ListFile(self.resource, file, pages, len(lines), rejections)


def _decode_key(record: bytes) -> _RecordKey:
    """Decode the id and the roles of a record, or nothing of a record that cannot be decoded."""
    try:
        return msgspec.json.decode(record, type=_RecordKey)
    except DECODE_ERRORS:
        return _RecordKey()


def _describe_unknown(event: Event, *, is_known: bool) -> str:
    """Return the type of a skipped event, or what the event lacks."""
    if event.id is None:
        return "an event without an id"
    if event.type is None:
        return "an event without a type"
    return f"{event.type} without a record" if is_known else event.type
