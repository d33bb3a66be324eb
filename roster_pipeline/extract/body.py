"""Read and unpack the body of one answer within bounds.

A few packed bytes can unpack to gigabytes. So each bound is checked while the body is read. Requests accept gzip only,
and one layer of it is unpacked in pieces. An answer with another encoding is refused unread.
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
"""The header of every request."""
ANSWER_TIMEOUT_SECONDS = 300.0
"""The most seconds that one answer may take. An endless answer would keep the lock of its district."""
ANSWER_MAX_BYTES = 64 * 2**20
"""The most bytes of an answer, packed or unpacked. The largest page has 10,000 records."""
ANSWER_MAX_VALUES = 2_000_000
"""The most values of an answer, counted by commas. A value of three bytes takes 60 bytes in Python."""
PIECE_BYTES = 2**20
"""The most bytes that are unpacked at once."""


def read_body(
    answer: httpx.Response, label: str, elapsed: Callable[[], float], seconds: float = ANSWER_TIMEOUT_SECONDS
) -> bytes:
    """Return the unpacked body of an answer.

    Args:
        answer: a good answer whose body was not read.
        label: the district and the list, for error messages.
        elapsed: a monotonic clock in seconds.
        seconds: the longest time for the answer.

    Raises:
        TransientError: the answer takes too long or is cut.
        SourceBroken: the answer is larger than any page, or has an encoding other than one layer of gzip.
    """
    body, packed_bytes, deadline = BytesIO(), 0, elapsed() + seconds
    unpacker = _unpacker(answer, label)
    assert isinstance(answer.stream, httpx.SyncByteStream)
    for piece in answer.stream:
        packed_bytes += len(piece)
        for part in unpacker.unpack(piece):
            body.write(part)
            if max(body.tell(), packed_bytes) > ANSWER_MAX_BYTES:
                raise _too_large(label, f"{ANSWER_MAX_BYTES:,} bytes")
        if elapsed() > deadline:
            raise TransientError(f"an answer that took over {seconds:.0f} seconds")
    if not unpacker.is_whole:
        raise TransientError("an answer that is cut")
    unpacked = body.getvalue()
    if unpacked.count(b",") > ANSWER_MAX_VALUES:
        raise _too_large(label, f"{ANSWER_MAX_VALUES:,} values")
    return unpacked


class _Identity:
    """A body without encoding."""

    is_whole = True

    def unpack(self, piece: bytes) -> Iterator[bytes]:
        """Yield the bytes as they are."""
        yield piece


class _Gzip:
    """One layer of gzip, which can consist of several members."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)

    @property
    def is_whole(self) -> bool:
        """Return whether the last member was unpacked to its end."""
        return self._member.eof

    def unpack(self, piece: bytes) -> Iterator[bytes]:
        """Yield the next bytes unpacked, at most PIECE_BYTES at a time.

        Raises:
            TransientError: the bytes are not gzip.
        """
        while piece:
            if self._member.eof:
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                yield self._member.decompress(piece, PIECE_BYTES)
            except zlib.error:
                raise TransientError("an answer that is no gzip") from None
            piece = self._member.unused_data if self._member.eof else self._member.unconsumed_tail


def _unpacker(answer: httpx.Response, label: str) -> _Identity | _Gzip:
    encoding = answer.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return _Identity()
    if encoding == "gzip":
        return _Gzip()
    # The message does not repeat the header, which is text from outside.
    raise SourceBroken(
        f"{label}: the answer is not encoded with gzip, as the request asked. Nothing was changed. Check the Clever "
        "address and any proxy between this machine and Clever."
    )


def _too_large(label: str, bound: str) -> SourceBroken:
    return SourceBroken(f"{label}: the answer has more than {bound}. Nothing was changed. Check the Clever address.")
