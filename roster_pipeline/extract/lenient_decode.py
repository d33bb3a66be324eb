"""Decode a page record by record if it is not as documented, and keep as much of it as possible.

A field that only describes a record is dropped. A field that identifies or places a person rejects the whole record.
Without such a field the record would look as if the person had left a school or a class, and absence proves nothing
(docs/rules.md R5.1). A name of a school or section that is too long rejects the record too (docs/rules.md R4.15).
A reason names the field and the requirement, and never the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from roster_pipeline.errors import SourceBroken
from roster_pipeline.extract.envelope import DECODE_ERRORS, Answer, Envelope, Link, Wrapped, broken
from roster_pipeline.extract.records import Record
from roster_pipeline.model.clever_id import is_clever_id
from roster_pipeline.model.feed import Rejection
from roster_pipeline.model.resources import RECORD_MAX_BYTES

IDENTIFYING_FIELDS = frozenset(
    {"id", "district", "roles", "student", "teacher", "school", "schools", "students", "teachers"}
)
"""The fields that reject the whole record, by the last part of their path."""
LISTS_WITH_NAMES = frozenset({"schools", "sections"})
"""The lists whose records are rejected if their name is too long."""
UNSTORABLE = "holds a character that cannot be stored"
TOO_LONG = "is longer than {:,} characters"
TOO_LARGE = f"the record is larger than {RECORD_MAX_BYTES:,} bytes"
PAGE_MAX_RECORDS = 100_000
"""The most records of an answer. It is ten times the page size that requests name."""
MAX_DEPTH = 64
"""The deepest nesting of a page. The kept fields are at most seven deep."""
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{}\]]')
_SURROGATES = re.compile(rb"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)")


class Misfit(NamedTuple):
    """The path of a field and the requirement that it breaks."""

    path: tuple[str, ...]
    complaint: str
    is_too_long: bool = False


class RawPage(NamedTuple):
    """An answer of a list. Its records are not decoded, and each is still wrapped in `data`."""

    links: list[Link]
    records: Iterator[bytes]


def split_page(body: bytes, label: str) -> RawPage:
    """Return the links of a page and its records, which are not decoded.

    Raises:
        SourceBroken: the page is no JSON or has another envelope, or it holds far more records than requested.
    """
    page = decode_repaired(body, Envelope[msgspec.Raw], label)
    if len(page.data) > PAGE_MAX_RECORDS:
        raise SourceBroken(
            f"{label}: the answer has more than {PAGE_MAX_RECORDS:,} records. Nothing was changed. Check the Clever "
            "address."
        )
    # The records are copied one at a time, so that the answer is not in memory twice.
    return RawPage(page.links, map(bytes, page.data))


def decode_repaired(body: bytes, answer_type: type[Answer], label: str) -> Answer:
    """Decode an answer, and repair it first if it holds text that cannot be decoded.

    Raises:
        SourceBroken: the answer cannot be decoded even after the repair.
    """
    for repair in (bytes, _replace_half_surrogates, _replace_deep_values):
        body = repair(body)
        try:
            return msgspec.json.decode(body, type=answer_type)
        except DECODE_ERRORS:
            continue
    raise broken(label)


class RecordDecoder:
    """Decode single records of one list of one district."""

    def __init__(self, resource: str, record_type: type[Record], district_id: str) -> None:
        self._resource, self._record_type, self._district_id = resource, record_type, district_id
        self._shape = _shape(record_type)
        wrapped: Any = record_type
        self._strict: msgspec.json.Decoder[Wrapped[Record]] = msgspec.json.Decoder(Wrapped[wrapped])
        fields = [(name, Any, None) for name in record_type.__struct_fields__]
        loose: Any = msgspec.defstruct(f"Loose{record_type.__name__}", fields)
        self._loose: msgspec.json.Decoder[Wrapped[msgspec.Struct]] = msgspec.json.Decoder(Wrapped[loose])

    def decode(self, raw: bytes) -> tuple[Record | None, list[Rejection]]:
        """Decode one record, or as much of it as possible.

        Returns:
            The record, or None for a rejected one, and the rejections with their reasons.
        """
        record = self._decode_strictly(raw)
        dropped: list[Rejection] = []
        if record is None:
            try:
                fields = msgspec.structs.asdict(self._loose.decode(raw).data)
            except DECODE_ERRORS:
                return None, [self._reject(None, "the record is not a JSON object in UTF-8")]
            record, dropped = self._convert(fields)
        if record is not None and len(raw) > RECORD_MAX_BYTES < len(msgspec.json.encode(record)):
            return None, [self._reject(record.id, TOO_LARGE)]
        return record, dropped

    def _decode_strictly(self, raw: bytes) -> Record | None:
        """Decode a record that is as documented. Return None for any other."""
        try:
            record = self._strict.decode(raw).data
        except DECODE_ERRORS:
            return None
        is_own = record.district in (self._district_id, None)
        return record if is_own and b"\\u0000" not in raw else None

    def _convert(self, fields: dict[str, Any]) -> tuple[Record | None, list[Rejection]]:
        """Drop the unusable fields of a record, or reject the record."""
        misfits = list(_misfits(fields, self._shape, ()))
        clever_id = fields.get("id") or None
        identifying = [misfit for misfit in misfits if self._is_identifying(misfit)]
        if any(misfit.path == ("id",) for misfit in identifying):
            clever_id = None
        if clever_id is None:
            identifying.append(Misfit(("id",), "is missing"))
        if identifying:
            return None, [self._reject(clever_id, _reason(identifying[0]))]
        if fields.get("district") not in (self._district_id, None):
            return None, [self._reject(clever_id, "belongs to another district")]
        for misfit in misfits:
            _drop(fields, misfit.path)
        dropped = [self._reject(clever_id, _reason(misfit), is_whole_record=False) for misfit in misfits]
        return msgspec.convert(fields, self._record_type), dropped

    def _is_identifying(self, misfit: Misfit) -> bool:
        is_name = misfit.path == ("name",) and self._resource in LISTS_WITH_NAMES
        return misfit.path[-1] in IDENTIFYING_FIELDS or (is_name and misfit.is_too_long)

    def _reject(self, clever_id: object, reason: str, *, is_whole_record: bool = True) -> Rejection:
        # A text without the form of an id may be a name. It does not tell whose record it is.
        known_id = clever_id if isinstance(clever_id, str) and is_clever_id(clever_id) else None
        return Rejection(self._resource, known_id, reason, is_whole_record)


@cache
def _shape(record_type: type[Record]) -> inspect.Type:
    return inspect.type_info(record_type)


def _misfits(value: object, shape: inspect.Type, path: tuple[str, ...]) -> Iterator[Misfit]:
    """Yield the kept fields below `value` that do not have their type. Null fits an optional field."""
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
    elif len(value) > (bound := _max_chars(shape)):
        yield Misfit(path, TOO_LONG.format(bound), is_too_long=True)
    elif "\0" in value:
        yield Misfit(path, UNSTORABLE)


def _list_misfits(value: object, item: inspect.Type, path: tuple[str, ...]) -> Iterator[Misfit]:
    bound = _max_chars(item)
    if not isinstance(value, list):
        yield Misfit(path, "is not a list")
    elif not all(isinstance(element, str) for element in value):
        yield Misfit(path, "holds something that is not text")
    elif any(len(element) > bound for element in value):
        yield Misfit(path, f"holds one that {TOO_LONG.format(bound)}", is_too_long=True)
    elif any("\0" in element for element in value):
        yield Misfit(path, UNSTORABLE)


def _max_chars(shape: inspect.Type) -> int:
    """Return the most characters of a text. Every kept text has a bound."""
    assert isinstance(shape, inspect.StrType)
    assert shape.max_length is not None
    return shape.max_length


def _reason(misfit: Misfit) -> str:
    """Return the reason of a rejection. It holds no value of the record."""
    return f"{'.'.join(misfit.path)} {misfit.complaint}"


def _drop(fields: dict[str, Any], path: tuple[str, ...]) -> None:
    """Remove the field at this path."""
    for name in path[:-1]:
        fields = fields[name]
    del fields[path[-1]]


def _replace_half_surrogates(body: bytes) -> bytes:
    """Replace each half of a surrogate pair by NUL, so that only its field is unusable and not the page."""
    return _SURROGATES.sub(lambda match: b"\\u0000" if match[1] else match[0], body)


def _replace_deep_values(body: bytes) -> bytes:
    """Replace each value below MAX_DEPTH by a number, so that only its field is unusable and not the page."""
    depth, start, pieces = 0, 0, []
    for bracket in _BRACKETS.finditer(body):
        if bracket[0] in (b"[", b"{"):
            depth += 1
            if depth == MAX_DEPTH:
                pieces.append(body[start : bracket.start()])
        elif bracket[0] in (b"]", b"}"):
            if depth == MAX_DEPTH:
                start = bracket.end()
            depth -= 1
    return b"0".join([*pieces, body[start:]])
