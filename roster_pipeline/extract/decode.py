"""Decode the pages of one list. A page that is not as documented is decoded record by record."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from roster_pipeline.extract.envelope import DECODE_ERRORS, Envelope, Link, Wrapped
from roster_pipeline.extract.lenient_decode import RecordDecoder, split_page
from roster_pipeline.extract.records import RECORD_TYPES, Record
from roster_pipeline.model.resources import RECORD_MAX_BYTES, Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from roster_pipeline.model.feed import Rejection


_DECODE_LOCK = threading.Lock()
"""Lists are read at the same time. Their pages are decoded one after the other, to bound the memory."""


@dataclass(frozen=True)
class Page:
    """The records of one answer.

    Attributes:
        lines: the kept fields as NDJSON.
        rows: the number of lines.
        links: the links of the answer.
        rejections: the records and fields that are not in `lines`.
    """

    lines: bytes
    rows: int
    links: Sequence[Link]
    rejections: Sequence[Rejection] = ()


class PageDecoder:
    """Decode the pages of one list of one district."""

    def __init__(self, resource: Resource, district_id: str) -> None:
        record_type: Any = RECORD_TYPES[resource.name]
        self._own_districts = {district_id, None}
        self._decoder: msgspec.json.Decoder[Envelope[Wrapped[Record]]]
        self._decoder = msgspec.json.Decoder(Envelope[Wrapped[record_type]])
        self._encoder = msgspec.json.Encoder()
        self._record_decoder = RecordDecoder(resource.name, record_type, district_id)

    def decode(self, body: bytes, label: str) -> Page:
        """Decode the records of one answer.

        Args:
            body: the whole answer.
            label: the district and the list, for error messages.

        Raises:
            SourceBroken: the answer is not a page of records.
        """
        with _DECODE_LOCK:
            return self._decode(body, label)

    def _decode(self, body: bytes, label: str) -> Page:
        try:
            page = self._decoder.decode(body)
        except DECODE_ERRORS:
            return self._decode_each(body, label)
        records = [item.data for item in page.data]
        lines = self._encoder.encode_lines(records)
        # Each check covers the whole page, so that a good page costs nothing for each record.
        is_own = not {record.district for record in records} - self._own_districts
        if is_own and not _may_hold_nul(lines) and not _may_be_too_large(lines):
            return Page(lines, len(records), page.links)
        return self._decode_each(body, label)

    def _decode_each(self, body: bytes, label: str) -> Page:
        links, raws = split_page(body, label)
        lines: list[bytes] = []
        rejections: list[Rejection] = []
        for raw in raws:
            record, of_record = self._record_decoder.decode(raw)
            rejections += of_record
            if record is not None:
                lines.append(self._encoder.encode_lines([record]))
        return Page(b"".join(lines), len(lines), links, rejections)


def _may_hold_nul(lines: bytes) -> bool:
    """Return whether the lines may hold NUL, which PostgreSQL cannot store."""
    # The search for one byte is much faster than the search for six, and most pages have no escape.
    return b"\\" in lines and b"\\u0000" in lines


def _may_be_too_large(lines: bytes) -> bool:
    """Return whether a record exceeds the bound of one record. Most pages are smaller than that as a whole."""
    return len(lines) > RECORD_MAX_BYTES and max(map(len, lines.split(b"\n"))) > RECORD_MAX_BYTES
