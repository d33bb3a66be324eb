"""Build the files of a full read, ready to land."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import zstandard

from roster_pipeline.model.feed import District, Feed, ListFile, Rejection
from roster_pipeline.model.resources import RESOURCES, Resource
from roster_pipeline_tests.support.fake_clever import DISTRICT, oid

VILLAGE = District(DISTRICT, "Example ISD", "running", datetime(2023, 4, 9, 16, 6, 54, 403_000, UTC))
ANN = {
    "id": oid(1),
    "district": DISTRICT,
    "email": "ann@school.example",
    "name": {"first": "Ann", "last": "B"},
}


def read(folder: Path, resource: Resource, *records, rejections: tuple[Rejection, ...] = ()) -> ListFile:
    file = folder / f"{resource.name}.ndjson.zst"
    file.write_bytes(zstandard.compress("".join(json.dumps(record) + "\n" for record in records).encode()))
    return ListFile(resource, file, 1, len(records), rejections)


def feed(folder: Path, *students, **others) -> Feed:
    """Return a feed with these students. The other lists are empty unless they are given by name."""
    given = {"students": students, **others}
    reads = tuple(read(folder, resource, *given.get(resource.name, ())) for resource in RESOURCES)
    return Feed(VILLAGE, reads)
