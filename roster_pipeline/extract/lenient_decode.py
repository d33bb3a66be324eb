"""A page that is not as documented, record by record: what can be kept of it, and why the rest cannot.

A field that only describes is dropped. One that says who or where somebody is takes the whole record with it:
without it the record would read as somebody leaving a school or a class, and absence needs proof
(docs/rules.md R5.1). So does the name of a school or section that is too long (docs/rules.md R4.15).
Reasons name the field and what it should be, never its value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from roster_pipeline.errors import SourceBroken
from roster_pipeline.extract.envelope import UNREADABLE, Answer, Envelope, Link, Wrapped, broken
from roster_pipeline.extract.records import Record
from roster_pipeline.model.feed import Rejection
from roster_pipeline.model.resources import LARGEST_RECORD

VITAL = frozenset({"id", "district", "roles", "student", "teacher", "school", "schools", "students", "teachers"})
"""Fields, by the last word of their path, that are not dropped alone."""

NAMED = frozenset({"schools", "sections"})
"""Lists whose records are rejected if their name is too long."""
UNSTORABLE = "holds a character that cannot be stored"
TOO_LONG = "is longer than {:,} characters"
TOO_LARGE = f"the record is larger than {LARGEST_RECORD:,} bytes"
MOST_RECORDS = 100_000
"""Records in an answer; ten times as many as a request names at most."""
CLEVER_ID = re.compile("[0-9a-f]{24}")
DEEPEST = 64
"""How deep a page may be nested; what is kept lies within seven."""
_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{}\]]')
_SURROGATES = re.compile(rb"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)")


class Misfit(NamedTuple):
    """The path of a field, and what is wrong with it."""

    path: tuple[str, ...]
    complaint: str
    is_too_long: bool = False


class RawPage(NamedTuple):
    """An answer of a list; its records are unread, each still wrapped in `data`."""

    links: list[Link]
    records: Iterator[bytes]


def split(body: bytes, what: str) -> RawPage:
    """Return the links of a page and its records, unread.

    Raises:
        SourceBroken: the page is no JSON, or another envelope, or holds far more records than the request named.
    """
    page = read_mended(body, Envelope[msgspec.Raw], what)
    if len(page.data) > MOST_RECORDS:
        raise SourceBroken(f"{what}: an answer of more than {MOST_RECORDS:,} records; check the Clever address.")
    # One after the other, so that the answer is not kept twice.
    return RawPage(page.links, map(bytes, page.data))


def read_mended(body: bytes, kind: type[Answer], what: str) -> Answer:
    """Return an answer of this shape, mended where JSON holds what no text can; raises as `split`."""
    for mended in (bytes, _without_half_pairs, _without_abysses):
        body = mended(body)
        try:
            return msgspec.json.decode(body, type=kind)
        except UNREADABLE:
            continue
    raise broken(what)


class Salvage:
    """Reads records of one kind and one district, one at a time."""

    def __init__(self, resource: str, kind: type[Record], district_id: str) -> None:
        self._resource, self._kind, self._district_id = resource, kind, district_id
        self._shape = _shape(kind)
        wrapped: Any = kind
        self._strict: msgspec.json.Decoder[Wrapped[Record]] = msgspec.json.Decoder(Wrapped[wrapped])
        loose: Any = msgspec.defstruct(f"Loose{kind.__name__}", [(name, Any, None) for name in kind.__struct_fields__])
        self._loose: msgspec.json.Decoder[Wrapped[msgspec.Struct]] = msgspec.json.Decoder(Wrapped[loose])

    def read(self, raw: bytes) -> tuple[Record | None, list[Rejection]]:
        """One record, or as much of it as can be kept; and what was set aside, with reasons."""
        record = self._as_documented(raw)
        dropped: list[Rejection] = []
        if record is None:
            try:
                fields = msgspec.structs.asdict(self._loose.decode(raw).data)
            except UNREADABLE:
                return None, [self._aside(None, "the record is not a JSON object in UTF-8", whole=True)]
            record, dropped = self._mend(fields)
        if record is not None and len(raw) > LARGEST_RECORD < len(msgspec.json.encode(record)):
            return None, [self._aside(record.id, TOO_LARGE, whole=True)]
        return record, dropped

    def _as_documented(self, raw: bytes) -> Record | None:
        try:
            record = self._strict.decode(raw).data
        except UNREADABLE:
            return None
        at_home = record.district in (self._district_id, None)
        return record if at_home and b"\\u0000" not in raw else None

    def _mend(self, fields: dict[str, Any]) -> tuple[Record | None, list[Rejection]]:
        misfits = list(_misfits(fields, self._shape, ()))
        clever_id = fields.get("id") or None
        vital = [misfit for misfit in misfits if self._is_vital(misfit)]
        if any(misfit.path == ("id",) for misfit in vital):
            clever_id = None
        if clever_id is None:
            vital.append(Misfit(("id",), "is missing"))
        if vital:
            return None, [self._aside(clever_id, _reason(vital[0]), whole=True)]
        if fields.get("district") not in (self._district_id, None):
            return None, [self._aside(clever_id, "belongs to another district", whole=True)]
        for misfit in misfits:
            _drop(fields, misfit.path)
        dropped = [self._aside(clever_id, _reason(misfit), whole=False) for misfit in misfits]
        return msgspec.convert(fields, self._kind), dropped

    def _is_vital(self, misfit: Misfit) -> bool:
        is_name = misfit.path == ("name",) and self._resource in NAMED
        return misfit.path[-1] in VITAL or (is_name and misfit.is_too_long)

    def _aside(self, clever_id: object, reason: str, *, whole: bool) -> Rejection:
        # Text that is no id may be a name, and nobody can say whose record it is.
        known = clever_id if isinstance(clever_id, str) and CLEVER_ID.fullmatch(clever_id) else None
        return Rejection(self._resource, known, reason, whole)


@cache
def _shape(kind: type[Record]) -> inspect.Type:
    return inspect.type_info(kind)


def _misfits(value: object, shape: inspect.Type, path: tuple[str, ...]) -> Iterator[Misfit]:
    """The kept fields below `value` that are not of their type. Null is alike missing, and fits what is optional."""
    if isinstance(shape, inspect.UnionType):
        shape = shape.types[0]  # `X | None`, as all optional fields are
        if value is None:
            return
    if value is None:
        yield Misfit(path, "is missing")
    elif isinstance(shape, inspect.StructType):
        if not isinstance(value, dict):
            yield Misfit(path, "is not an object")
            return
        for field in shape.fields:
            yield from _misfits(value.get(field.name), field.type, (*path, field.name))
    elif isinstance(shape, inspect.ListType):
        yield from _list_misfits(value, shape.item_type, path)
    else:
        yield from _text_misfits(value, shape, path)


def _text_misfits(value: object, shape: inspect.Type, path: tuple[str, ...]) -> Iterator[Misfit]:
    if not isinstance(value, str):
        yield Misfit(path, "is not text")
    elif len(value) > (most := _longest(shape)):
        yield Misfit(path, TOO_LONG.format(most), is_too_long=True)
    elif "\0" in value:
        yield Misfit(path, UNSTORABLE)


def _list_misfits(value: object, item: inspect.Type, path: tuple[str, ...]) -> Iterator[Misfit]:
    most = _longest(item)
    if not isinstance(value, list):
        yield Misfit(path, "is not a list")
    elif not all(isinstance(item, str) for item in value):
        yield Misfit(path, "holds something that is not text")
    elif any(len(item) > most for item in value):
        yield Misfit(path, f"holds one that {TOO_LONG.format(most)}", is_too_long=True)
    elif any("\0" in item for item in value):
        yield Misfit(path, UNSTORABLE)


def _longest(shape: inspect.Type) -> int:
    """The bound of a text, in characters. Every kept text has one."""
    assert isinstance(shape, inspect.StrType)
    assert shape.max_length is not None
    return shape.max_length


def _reason(misfit: Misfit) -> str:
    return f"{'.'.join(misfit.path)} {misfit.complaint}"


def _drop(fields: dict[str, Any], path: tuple[str, ...]) -> None:
    for name in path[:-1]:
        fields = fields[name]
    del fields[path[-1]]


def _without_half_pairs(body: bytes) -> bytes:
    """Half a surrogate pair is no character, and msgspec refuses the page for it. NUL is refused by field."""
    return _SURROGATES.sub(lambda found: b"\\u0000" if found[1] else found[0], body)


def _without_abysses(body: bytes) -> bytes:
    """Msgspec refuses the page for absurd nesting: a number stands for what lies too deep, and is refused by field."""
    depth, start, kept = 0, 0, []
    for mark in _MARKS.finditer(body):
        if mark[0] in (b"[", b"{"):
            depth += 1
            if depth == DEEPEST:
                kept.append(body[start : mark.start()])
        elif mark[0] in (b"]", b"}"):
            if depth == DEEPEST:
                start = mark.end()
            depth -= 1
    return b"0".join([*kept, body[start:]])
