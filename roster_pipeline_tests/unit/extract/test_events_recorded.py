"""Events that were recorded from Clever pass through the real client."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from roster_pipeline.extract.events import read_events
from roster_pipeline.model.feed import Cursor
from roster_pipeline_tests.support.fake_clever import ACCESS, DISTRICT, FakeClever
from roster_pipeline_tests.support.feed_of_events import EMPTY, deleted_ids, read, read_records, rejections
from roster_pipeline_tests.support.recorded import recorded, replayed

V12 = Path(__file__).parents[4] / "shared/data/clever-events-v12/events.json"


def test_recorded_events_of_2023_are_read_without_loss(tmp_path):
    clever = replayed()
    last: dict[str, dict[str, object]] = {}
    for uri in ("/v3.0/events", "/v3.0/events?starting_after=640df950d306111b2385f72b"):
        for event in json.loads(recorded()[uri])["data"]:
            last[event["data"]["data"]["object"]["id"]] = event["data"]["data"]["object"]
    with clever.client(replace(ACCESS, api_version="v3.0")) as client:
        found = read_events(client.connection(DISTRICT), EMPTY, tmp_path)
    students = [record for record in last.values() if "student" in record.get("roles", {})]
    assert (found.events, found.unknown_types, rejections(found)) == (200, {}, [])
    assert found.cursor == Cursor("640df950d306111b2385f78e", "640df950d306111b2385f78f")
    assert [(r["id"], r["name"]["last"]) for r in read_records(found)["students"]] == sorted(
        (record["id"], record["name"]["last"]) for record in students
    )
    assert {name: len(records) for name, records in read_records(found).items()} == {
        "schools": 4,
        "teachers": 2,
        "students": 191,
    }
    assert {name: len(ids) for name, ids in deleted_ids(found).items()} == {"teachers": 193, "students": 4}


def test_recorded_second_page_proves_the_first_was_read(tmp_path):
    since = Cursor("640df950d306111b2385f72b", "640df950d306111b2385f72c")
    with replayed().client(replace(ACCESS, api_version="v3.0")) as client:
        found = read_events(client.connection(DISTRICT), since, tmp_path)
    assert (found.events, found.cursor.last) == (99, "640df950d306111b2385f78f")


def test_the_events_of_an_older_api_are_passed_over_and_counted(tmp_path):
    if not V12.exists():
        pytest.skip("the recorded events are not beside this project")
    answer = json.loads(V12.read_text()) | {"links": []}
    found = read(FakeClever(lambda request: httpx.Response(200, json=answer)), tmp_path)
    assert found.unknown_types == {"students.created": 1, "students.deleted": 1, "students.updated": 3}
    assert (found.events, read_records(found), deleted_ids(found)) == (5, {}, {})
    assert found.cursor == Cursor("5952d4e3ed859521b85c6283", "59679fb5893d055bc095ede7")
