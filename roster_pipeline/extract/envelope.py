"""The types around Clever's records: links, pages, the list of connections, the description of a district.

`records.py` holds the types of the records (docs/clever-api.md#envelope).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from roster_pipeline.errors import SourceBroken
from roster_pipeline.model.feed import District
from roster_pipeline.model.resources import TEXT_MAX_CHARS
from roster_pipeline.model.text import make_label

if TYPE_CHECKING:
    from collections.abc import Iterator

DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The errors of msgspec for wrong JSON, a wrong type, bytes that are not UTF-8, and nesting that is too deep."""

Text = Annotated[str, Meta(max_length=TEXT_MAX_CHARS)]
Id = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX_CHARS)]
Answer = TypeVar("Answer")
Kind = TypeVar("Kind")


class Link(Struct, frozen=True):
    """A link of an answer. Its `uri` is relative to the host."""

    rel: str
    uri: str | None = None


class Wrapped(Struct, Generic[Kind], gc=False):
    """The wrapper of a record in a list: `{"data": {…}, "uri": …}`."""

    data: Kind


class Envelope(Struct, Generic[Kind]):
    """A page of a list. `links` is required, because only the links tell whether the page is the last one."""

    data: list[Kind]
    links: list[Link]


class TokenOwner(Struct):
    """The owner of a connection."""

    id: Id
    type: Text = "district"


class TokenEntry(Struct):
    """A connection. Its repr hides the token."""

    owner: TokenOwner
    access_token: Text | None = None
    created: Text | None = None

    def __repr__(self) -> str:
        return f"TokenEntry({self.owner.id})"


class TokenPage(Struct):
    """The list of connections. Its entries are not wrapped twice (docs/clever-api.md#tokens)."""

    data: list[Raw]
    links: list[Link] = []

    def entries(self) -> Iterator[TokenEntry | None]:
        """Yield each connection, or None for an entry that cannot be decoded. Such an entry affects no other."""
        for raw in self.data:
            try:
                yield msgspec.json.decode(raw, type=TokenEntry)
            except DECODE_ERRORS:
                yield None


class DistrictFields(Struct):
    """A district as Clever describes it. Fields of any type are accepted (docs/clever-api.md#district)."""

    id: Id
    name: Any = None
    state: Any = None
    last_sync: Any = None
    error: Any = None
    pause_end: Any = None
    portal_url: Any = None

    def as_district(self) -> District:
        """Return the district. A field that is too long, or that is no time or no web address, counts as missing."""
        return District(
            self.id,
            _bounded(self.name),
            _bounded(self.state),
            parse_time(self.last_sync),
            error=make_label(_storable(self.error), TEXT_MAX_CHARS),
            pause_end=parse_time(self.pause_end),
            portal_url=_web_address(_storable(self.portal_url)),
        )


class DistrictAnswer(Struct):
    """The answer of `/districts/ID`."""

    data: DistrictFields


def _storable(text: object) -> str:
    """Return a text without NUL, which PostgreSQL cannot store. Another value becomes an empty text."""
    return text.replace("\0", "") if isinstance(text, str) else ""


def _bounded(text: object) -> str:
    """Return a text, or an empty one if it is too long (docs/rules.md R4.15)."""
    storable = _storable(text)
    return storable if len(storable) <= TEXT_MAX_CHARS else ""


def _web_address(text: str) -> str:
    """Return the text if it is a web address, because pages show it as a link. Otherwise return an empty text."""
    return text if len(text) <= TEXT_MAX_CHARS and re.fullmatch(r"https?://[^\s<>\"'\x00-\x1f\x7f]+", text) else ""


def parse_time(text: object) -> datetime | None:
    """Return a time of Clever in UTC, or None if the text is no time. A time without a zone is UTC."""
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
        return at and (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def read_answer(body: bytes, kind: type[Answer], label: str) -> Answer:
    """Decode an answer that needs no repair.

    Raises:
        SourceBroken: the answer is HTML, broken JSON or another envelope.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except DECODE_ERRORS:
        raise broken(label) from None


def broken(label: str) -> SourceBroken:
    """Return the error for an answer without an envelope. It never quotes the answer, which may hold people."""
    return SourceBroken(
        f"{label}: Clever's answer is not the documented JSON (it is cut, HTML or of another shape). Nothing was "
        "changed. Check the Clever address, then run again."
    )
