"""One reading of one district: what extract hands to land, with the proof of how completely it was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from roster_pipeline.model.resources import Resource


@dataclass(frozen=True)
class District:
    """A district as Clever describes it. `state` is Clever's word (`running`, `paused`, `error` and so on)."""

    id: str
    name: str
    state: str
    last_sync: datetime | None


@dataclass(frozen=True)
class SetAside:
    """A record that could not be read, or a field of it that was dropped. Carries no value of the record."""

    resource: str
    clever_id: str | None
    reason: str
    whole_record: bool


@dataclass(frozen=True)
class ResourceRead:
    """One list, read from its first page to its last.

    Attributes:
        file: the kept fields of its records as NDJSON, zstd-compressed.
        pages: answers read, an empty last page included.
        rows: records written to `file`.
        set_aside: records refused and fields dropped because of their type.
    """

    resource: Resource
    file: Path
    pages: int
    rows: int
    set_aside: tuple[SetAside, ...]


@dataclass(frozen=True)
class Feed:
    """Every list of one district, each read to its end without an error: extract raises otherwise."""

    district: District
    reads: tuple[ResourceRead, ...]
