"""Build a feed of events from the events that a test names, and decode what was read from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import zstandard

from roster_pipeline.extract.events import MAX_RECORDS, find_newest_event, read_events
from roster_pipeline.model.feed import Cursor
from roster_pipeline_tests.support.fake_clever import DISTRICT, FakeClever, oid, page

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from roster_pipeline.model.feed import EventBatch

EMPTY = Cursor(None, None)
SCHOOL = {"id": oid(70), "district": DISTRICT, "name": "Pineapple"}
PUPIL = {"student": {"school": oid(70), "schools": [oid(70)]}}
ANN = {"id": oid(71), "district": DISTRICT, "name": {"first": "Ann", "last": "B"}, "roles": PUPIL}
CLASS = {"id": oid(72), "district": DISTRICT, "name": "Art", "students": [oid(71), oid(73)]}


def event_of(number: int, kind: str, record: object, **fields: object) -> dict[str, object]:
    """Return an event. All events have the same time, as most events of Clever do."""
    carried = {"data": {"object": record}}
    return {"type": kind, "id": oid(number), "created": "2023-03-12T16:09:41.000Z", **carried, **fields}


def feed(*events: dict[str, object], size: int = 10_000) -> FakeClever:
    """Return a fake Clever with these events, split into pages."""

    def answer(request: httpx.Request) -> httpx.Response:
        rest = [each for each in events if each["id"] > request.url.params.get("starting_after", "")]
        following = request.url.copy_set_param("starting_after", rest[size - 1]["id"]) if len(rest) > size else None
        return page(rest[:size], following and following.raw_path.decode())

    return FakeClever(answer)


def pages(*given: list[object]) -> FakeClever:
    """Return a fake Clever that answers with these pages in turn, whatever the request."""

    def answer(request: httpx.Request) -> httpx.Response:
        number = len(clever.asked)
        following = f"/v3.1/events?limit=10000&starting_after={'f' * 20}{number:04x}"
        return page(given[number - 1], following if number < len(given) else None)

    clever = FakeClever(answer)
    return clever


def read(clever: FakeClever, into: Path, since: Cursor = EMPTY, most: int = MAX_RECORDS) -> EventBatch:
    with clever.client() as client:
        return read_events(client.connection(DISTRICT), since, into, max_records=most)


def end(clever: FakeClever, since: Cursor | None = None) -> Cursor:
    with clever.client() as client:
        return find_newest_event(client.connection(DISTRICT), since)


def read_records(found: EventBatch) -> dict[str, list[dict[str, object]]]:
    """Return the records in the files by list, without empty lists."""
    lists = {}
    for each in found.lists:
        with zstandard.open(each.file, "rt") as stream:
            lists[each.resource.name] = [json.loads(line) for line in stream]
        assert each.rows == len(lists[each.resource.name])
    return {name: records for name, records in lists.items() if records}


def deleted_ids(found: EventBatch) -> dict[str, tuple[str, ...]]:
    """Return the ids of deleted records by list, without empty lists."""
    return {name: ids for name, ids in found.deleted.items() if ids}


def rejections(found: EventBatch) -> list[tuple[str, str | None, str]]:
    """Return the rejected records."""
    return [
        (fault.resource, fault.clever_id, fault.reason)
        for each in found.lists
        for fault in each.rejections
        if fault.is_whole_record
    ]
