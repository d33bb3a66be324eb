"""The body of one answer. Every bound comes before what it bounds: a few packed bytes may stand for gigabytes.

Requests accept gzip alone, and only one layer of it is unpacked, piece by piece. An answer that is packed otherwise is
refused unread.
"""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import TYPE_CHECKING

import httpx

from roster_pipeline.errors import SourceBroken
from roster_pipeline.extract.retry import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACCEPTED = {"Accept-Encoding": "gzip"}
"""The header that every request carries."""
LONGEST_ANSWER = 300.0
"""Seconds that all of an answer may take: one that trickles for ever would keep its district's lock for ever."""
LARGEST_ANSWER = 64 * 2**20
"""Bytes of an answer, packed and unpacked: 6,700 for each record of the largest page that a request may name."""
MOST_VALUES = 2_000_000
"""Values in an answer, counted by their commas. A value of three bytes takes Python twenty times as many."""
PIECE = 2**20
"""Bytes that are unpacked at once."""


def read_body(answer: httpx.Response, what: str, elapsed: Callable[[], float]) -> bytes:
    """Return the body of an answer, unpacked.

    Args:
        answer: a good answer of which nothing was read.
        what: whose answer it is, for the message.
        elapsed: seconds of a clock that only runs forward.

    Raises:
        TransientError: it takes longer than an answer may, or is cut.
        SourceBroken: it is larger than any page, or is not packed with gzip, once.
    """
    body, packed, until = BytesIO(), 0, elapsed() + LONGEST_ANSWER
    unpacker = _unpacker(answer, what)
    assert isinstance(answer.stream, httpx.SyncByteStream)
    for piece in answer.stream:
        packed += len(piece)
        for part in unpacker.unpack(piece):
            body.write(part)
            if max(body.tell(), packed) > LARGEST_ANSWER:
                raise _too_large(what, f"{LARGEST_ANSWER:,} bytes")
        if elapsed() > until:
            raise TransientError(f"an answer that took over {LONGEST_ANSWER:.0f} seconds")
    if not unpacker.is_whole:
        raise TransientError("an answer that is cut")
    found = body.getvalue()
    if found.count(b",") > MOST_VALUES:
        raise _too_large(what, f"{MOST_VALUES:,} values")
    return found


class _Identity:
    """A body that is not packed."""

    is_whole = True

    def unpack(self, piece: bytes) -> Iterator[bytes]:
        yield piece


class _Gzip:
    """One layer of gzip, which may consist of several members, one after the other."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)

    @property
    def is_whole(self) -> bool:
        """Whether the last member was unpacked to its end."""
        return self._member.eof

    def unpack(self, piece: bytes) -> Iterator[bytes]:
        """Yield what comes of the next bytes, at most PIECE bytes at a time.

        Raises:
            TransientError: they are no gzip.
        """
        while piece:
            if self._member.eof:
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                yield self._member.decompress(piece, PIECE)
            except zlib.error:
                raise TransientError("an answer that is no gzip") from None
            piece = self._member.unused_data if self._member.eof else self._member.unconsumed_tail


def _unpacker(answer: httpx.Response, what: str) -> _Identity | _Gzip:
    encoding = answer.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return _Identity()
    if encoding == "gzip":
        return _Gzip()
    # The text of the header is foreign and is not repeated.
    raise SourceBroken(
        f"{what}: an answer that is not packed as asked for, which is with gzip and once. Nothing was changed. Check "
        "the Clever address and any proxy on the way."
    )


def _too_large(what: str, bound: str) -> SourceBroken:
    return SourceBroken(f"{what}: an answer of more than {bound}; check the Clever address.")
