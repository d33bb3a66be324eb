"""The newest state of each record that events speak of. How the feed is read is in `events.py`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import Struct

from roster_pipeline.extract.envelope import UNREADABLE
from roster_pipeline.extract.lenient_decode import Salvage
from roster_pipeline.extract.lists import compressed
from roster_pipeline.extract.records import KINDS, Person, Record, Roles
from roster_pipeline.model.feed import ResourceRead
from roster_pipeline.model.resources import RESOURCES

if TYPE_CHECKING:
    from pathlib import Path

    from roster_pipeline.extract.event import Event
    from roster_pipeline.model.feed import Rejection
    from roster_pipeline.model.resources import Resource

UNUSED = ("districts", "resources")
"""Record types that Clever has and we do not read."""
DELETED = "deleted"
VERBS = ("created", "updated", DELETED)
MOST_UNKNOWN = 20
"""Kinds of unknown events that are told apart."""
OTHERS = "others"

_encode = msgspec.json.Encoder().encode_lines


class _Peek(Struct):
    """What says which record this is, and in which lists."""

    id: Any = None
    roles: Any = None


class _Member(Person, omit_defaults=True, gc=False, kw_only=True):
    """A list is asked for by role; an event says by the roles alone which lists a person is in, and in which not."""

    roles: Roles


class _State(NamedTuple):
    """A record after an event: in its list as `line`, or gone from it, or set aside."""

    event_id: str
    line: bytes
    gone: bool
    rejections: tuple[Rejection, ...]


class NewestStates:
    """Takes the events of one district in any order; keeps the kept fields of each record's newest state."""

    def __init__(self, district_id: str) -> None:
        self._lists = [_List(resource, district_id) for resource in RESOURCES]
        self._fed_by = {each.path: [fed for fed in self._lists if fed.resource.path == each.path] for each in RESOURCES}
        self.unknown: Counter[str] = Counter()
        self.unreadable = 0

    def take(self, event: Event) -> None:
        """Remembers what the event says, unless a newer one spoke of the same record."""
        record_type, _, verb = (event.type or "").partition(".")
        if verb in VERBS and record_type in UNUSED:
            return
        known = verb in VERBS and record_type in self._fed_by
        if known and event.id and event.record:
            self._place(event.id, event.record, self._fed_by[record_type], deleted=verb == DELETED)
            return
        self._count(_complaint(event, known=known))
        # Of another kind of record we hold nothing. What this one says of ours, nobody knows.
        self.unreadable += not event.id or not event.type or record_type in self._fed_by

    def __len__(self) -> int:
        """Records, each counted once for every list that may hold it."""
        return sum(len(each) for each in self._lists)

    def gone(self) -> dict[str, tuple[str, ...]]:
        """By list, the ids of the records that are no longer in it, ascending."""
        return {each.resource.name: each.gone() for each in self._lists}

    def write(self, into: Path, pages: int) -> tuple[ResourceRead, ...]:
        """A file for each list, with the records that are in it now."""
        return tuple(each.write(into, pages) for each in self._lists)

    def _place(self, event_id: str, record: bytes, lists: list[_List], *, deleted: bool) -> None:
        peek = _peek(record)
        key = peek.id if isinstance(peek.id, str) and peek.id else event_id
        for each in lists:
            each.take(event_id, key, record, is_in=not deleted and each.may_hold(peek.roles))

    def _count(self, label: str) -> None:
        room = label in self.unknown or len(self.unknown) < MOST_UNKNOWN - 1
        self.unknown[label if room else OTHERS] += 1


class _List:
    """The newest states of one list's records."""

    def __init__(self, resource: Resource, district_id: str) -> None:
        self.resource = resource
        kind = _Member if resource.role else KINDS[resource.name]
        self._members = Salvage(resource.name, kind, district_id)
        self._leavers = Salvage(resource.name, Record, district_id)
        self._states: dict[str, _State] = {}

    def __len__(self) -> int:
        return len(self._states)

    def may_hold(self, roles: object) -> bool:
        """Whether a record is in this list by its roles. Roles that cannot be read prove no absence."""
        role = self.resource.role
        return role is None or not isinstance(roles, dict) or roles.get(role) is not None

    def take(self, event_id: str, key: str, record: bytes, *, is_in: bool) -> None:
        known = self._states.get(key)
        if known is not None and known.event_id > event_id:
            return
        found, rejections = (self._members if is_in else self._leavers).read(b'{"data":%b}' % record)
        line = _encode([found]) if found and is_in else b""
        self._states[key] = _State(event_id, line, found is not None and not is_in, tuple(rejections))

    def gone(self) -> tuple[str, ...]:
        return tuple(sorted(key for key, state in self._states.items() if state.gone))

    def write(self, into: Path, pages: int) -> ResourceRead:
        """Ascending by id, like a list."""
        file = into / f"{self.resource.name}.events.ndjson.zst"
        states = [self._states[key] for key in sorted(self._states)]
        lines = [state.line for state in states if state.line]
        with compressed(file) as out:
            for line in lines:
                out.write(line)
        rejections = tuple(fault for state in states for fault in state.rejections)
        return ResourceRead(self.resource, file, pages, len(lines), rejections)


def _peek(record: bytes) -> _Peek:
    try:
        return msgspec.json.decode(record, type=_Peek)
    except UNREADABLE:
        return _Peek()


def _complaint(event: Event, *, known: bool) -> str:
    if event.id is None:
        return "an event without an id"
    if event.type is None:
        return "an event without a type"
    return f"{event.type} without a record" if known else event.type
