"""The shapes around Clever's records: links, pages, the list of connections, the description of a district.

Which fields of a record are kept is in `records.py`; what a status means is in `answers.py`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from roster_pipeline.errors import SourceBroken
from roster_pipeline.model.feed import District
from roster_pipeline.model.resources import LONGEST_TEXT
from roster_pipeline.model.text import label

if TYPE_CHECKING:
    from collections.abc import Iterator

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""How msgspec says that bytes are not as expected: wrong JSON or type, no UTF-8, absurd nesting."""

Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
Id = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]
Answer = TypeVar("Answer")
Kind = TypeVar("Kind")


class Link(Struct, frozen=True):
    rel: str
    uri: str | None = None


class Wrapped(Struct, Generic[Kind], gc=False):
    """A list's record: `{"data": {…}, "uri": …}`."""

    data: Kind


class Envelope(Struct, Generic[Kind]):
    """A page. Without `links` nothing says whether it was the last, so they must be there."""

    data: list[Kind]
    links: list[Link]


class TokenOwner(Struct):
    id: Id
    type: Text = "district"


class TokenEntry(Struct):
    """A connection. No repr: it would show the token."""

    owner: TokenOwner
    access_token: Text | None = None
    created: Text | None = None

    def __repr__(self) -> str:
        return f"TokenEntry({self.owner.id})"


class TokenPage(Struct):
    """`/oauth/tokens`: unlike records, its entries are not wrapped twice (docs/clever-api.md#tokens)."""

    data: list[Raw]
    links: list[Link] = []

    def entries(self) -> Iterator[TokenEntry | None]:
        """Yield each connection; None for one that is not readable, which costs no other district anything."""
        for raw in self.data:
            try:
                yield msgspec.json.decode(raw, type=TokenEntry)
            except UNREADABLE:
                yield None


class DistrictFields(Struct):
    """How Clever describes a district. A field that is not readable is missing."""

    id: Id
    name: Any = None
    state: Any = None
    last_sync: Any = None
    error: Any = None
    pause_end: Any = None
    portal_url: Any = None

    def described(self) -> District:
        """The district in our words. A text that is too long, no time, or no address, counts as not given."""
        return District(
            self.id,
            _bounded(self.name),
            _bounded(self.state),
            moment(self.last_sync),
            error=label(_stored(self.error), LONGEST_TEXT),
            pause_end=moment(self.pause_end),
            portal_url=_web_address(_stored(self.portal_url)),
        )


class DistrictAnswer(Struct):
    data: DistrictFields


def _stored(text: object) -> str:
    return text.replace("\0", "") if isinstance(text, str) else ""  # PostgreSQL cannot hold \0


def _bounded(text: object) -> str:
    """The text if it is one and not too long: what is published of it then stays (R4.15)."""
    return found if len(found := _stored(text)) <= LONGEST_TEXT else ""


def _web_address(text: str) -> str:
    """The text if it is an address that a browser opens, and nothing else: it becomes a link."""
    return text if len(text) <= LONGEST_TEXT and re.fullmatch(r"https?://[^\s<>\"'\x00-\x1f\x7f]+", text) else ""


def moment(text: object) -> datetime | None:
    """A time of Clever's in UTC, which it is in where it names no zone; None if it is no time."""
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
        return at and (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def read_answer(body: bytes, kind: type[Answer], what: str) -> Answer:
    """A small answer.

    Raises:
        SourceBroken: it is HTML, broken JSON or another envelope.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE:
        raise broken(what) from None


def broken(what: str) -> SourceBroken:
    """The error for an answer that is no envelope. Never quotes the answer: it may hold people."""
    return SourceBroken(f"{what}: Clever's answer is not the documented JSON (cut, HTML or another shape).")
