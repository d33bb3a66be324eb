"""Events of undocumented shapes and with hostile text are skipped or rejected."""

from __future__ import annotations

import json

import httpx
import pytest

from roster_pipeline.errors import SourceBroken
from roster_pipeline.model.feed import Cursor
from roster_pipeline_tests.support.fake_clever import DISTRICT, FakeClever, body, oid, page
from roster_pipeline_tests.support.feed_of_events import (
    ANN,
    CLASS,
    SCHOOL,
    deleted_ids,
    end,
    event_of,
    feed,
    pages,
    read,
    read_records,
    rejections,
)

GOOD = event_of(2, "schools.updated", SCHOOL)
NO_ID = "an event without an id"
NO_TYPE = "an event without a type"
NO_RECORD = "users.updated without a record"
NESTED = json.loads("[" * 200 + "]" * 200)


def wrapped(raw: bytes) -> FakeClever:
    """A feed of this one item, whatever it is, and a good event after it."""
    good = json.dumps({"data": GOOD}).encode()
    return FakeClever(lambda request: httpx.Response(200, content=b'{"links":[],"data":[%b,%b]}' % (raw, good)))


@pytest.mark.parametrize(
    ("event", "label"),
    [
        (event_of(1, "users.updated", None), NO_RECORD),
        (event_of(1, "users.updated", []), NO_RECORD),
        (event_of(1, "users.updated", "<html>"), NO_RECORD),
        (event_of(1, "users.updated", NESTED), NO_RECORD),
        (event_of(1, "users.updated", ANN, data=None), NO_RECORD),
        (event_of(1, "users.updated", ANN, data=[]), NO_RECORD),
        (event_of(1, "users.updated", ANN, data="text"), NO_RECORD),
        ({"type": "users.updated", "id": oid(1)}, NO_RECORD),
        (event_of(1, None, ANN), NO_TYPE),
        (event_of(1, 5, ANN), NO_TYPE),
        (event_of(1, "", ANN), NO_TYPE),
        (event_of(1, {"a": NESTED}, ANN), NO_TYPE),
        (event_of(1, "<script>alert(1)</script>", ANN), NO_TYPE),
        (event_of(1, "ann@school.example", ANN), NO_TYPE),
        (event_of(1, "users.updated\n", ANN), NO_TYPE),
        (event_of(1, "users.\0updated", ANN), NO_TYPE),
        (event_of(1, "u" * 5_000_000, ANN), NO_TYPE),
        (event_of(1, "users", ANN), "users"),
        (event_of(1, "users.", ANN), NO_TYPE),
        (event_of(1, "users.updated.twice", ANN), "users.updated.twice"),
        (event_of(1, "Users.Updated", ANN), "Users.Updated"),
    ],
)
def test_empty_event_is_counted_and_the_cursor_moves_on(tmp_path, event, label):
    found = read(pages([event, GOOD]), tmp_path)
    assert (found.unknown_types, read_records(found)) == ({label: 1}, {"schools": [SCHOOL]})
    assert (found.events, found.cursor) == (2, Cursor(oid(1), oid(2)))


@pytest.mark.parametrize("event_id", [None, 5, "", "zz", "F" * 24, "f" * 25, f"{oid(1)}\n", "\0", [], {"a": NESTED}])
def test_an_event_without_a_place_is_counted_and_moves_no_cursor(tmp_path, event_id):
    clever = pages([event_of(1, "schools.deleted", SCHOOL, id=event_id), GOOD])
    found = read(clever, tmp_path)
    assert (found.unknown_types, read_records(found), deleted_ids(found)) == ({NO_ID: 1}, {"schools": [SCHOOL]}, {})
    assert (found.events, found.cursor) == (1, Cursor(None, oid(2)))
    assert end(pages([event_of(1, "schools.deleted", SCHOOL, id=event_id), GOOD])) == found.cursor


@pytest.mark.parametrize("raw", [b"null", b"5", b'"text"', b"[]", b"{}", b'{"data":null}', b'{"data":[{}]}'])
def test_an_item_that_is_no_event_is_counted(tmp_path, raw):
    found = read(wrapped(raw), tmp_path)
    assert (found.unknown_types, read_records(found)) == ({NO_ID: 1}, {"schools": [SCHOOL]})
    assert end(wrapped(raw)) == found.cursor == Cursor(None, oid(2))


def test_at_most_twenty_unknown_event_types_are_named(tmp_path):
    found = read(feed(*(event_of(n, f"new.kind{n}", ANN) for n in range(1, 101))), tmp_path)
    assert (len(found.unknown_types), sum(found.unknown_types.values()), found.unknown_types["others"]) == (20, 100, 81)


@pytest.mark.parametrize(
    ("kind", "record", "aside"),
    [
        ("sections", {**CLASS, "students": [f"{oid(1)}\0"]}, "students holds a character that cannot be stored"),
        ("sections", {**CLASS, "students": [oid(1), 5]}, "students holds something that is not text"),
        ("sections", {"id": CLASS["id"]}, "students is missing"),
        ("sections", {**CLASS, "school": NESTED}, "school is not text"),
        ("schools", {**SCHOOL, "district": 5}, "district is not text"),
    ],
)
def test_a_record_that_cannot_be_read_is_set_aside(tmp_path, kind, record, aside):
    found = read(pages([event_of(1, f"{kind}.updated", record)]), tmp_path)
    assert (read_records(found), deleted_ids(found), found.unknown_types) == ({}, {}, {})
    assert rejections(found) == [(kind, record["id"], aside)]


@pytest.mark.parametrize("verb", ["updated", "deleted"])
@pytest.mark.parametrize(("key", "reason"), [(None, "is missing"), (5, "is not text"), ("", "is missing")])
def test_a_record_without_an_id_is_set_aside(tmp_path, verb, key, reason):
    found = read(pages([event_of(n, f"terms.{verb}", {"id": key}) for n in (1, 2, 2)]), tmp_path)
    assert (read_records(found), deleted_ids(found), rejections(found)) == (
        {},
        {},
        [("terms", None, f"id {reason}")] * 2,
    )


@pytest.mark.parametrize(
    ("roles", "aside"),
    [
        ({"student": {"school": 5}}, {"students": "roles.student.school is not text"}),
        ({"student": "yes"}, {"students": "roles.student is not an object"}),
        ([], {"teachers": "roles is not an object", "students": "roles is not an object"}),
        (None, {"teachers": "roles is missing", "students": "roles is missing"}),
    ],
)
def test_unreadable_user_is_quarantined_in_every_possible_list(tmp_path, roles, aside):
    found = read(pages([event_of(1, "users.updated", ANN | {"roles": roles})]), tmp_path)
    assert rejections(found) == [(name, ANN["id"], reason) for name, reason in aside.items()]
    assert deleted_ids(found).keys() == {"teachers", "students"} - aside.keys()
    assert read_records(found) == {}


@pytest.mark.parametrize("name", ["A\0B", 5, NESTED, "\ud83d"], ids=["nul", "number", "nested", "half_a_pair"])
def test_a_field_that_only_describes_is_dropped_alone(tmp_path, name):
    found = read(pages([event_of(1, "schools.updated", SCHOOL | {"name": name}), GOOD | {"type": "a.b"}]), tmp_path)
    assert read_records(found) == {"schools": [{"id": SCHOOL["id"], "district": DISTRICT}]}
    (fault,) = found.lists[0].rejections
    assert (fault.clever_id, fault.is_whole_record) == (SCHOOL["id"], False)


def test_a_record_of_five_megabytes_is_read(tmp_path):
    big = SCHOOL | {"name": "<b>" + "x" * 900, "ext": {"y": "z" * 5_000_000}}
    assert read_records(read(feed(event_of(1, "schools.updated", big)), tmp_path)) == {
        "schools": [SCHOOL | {"name": big["name"]}]
    }


def test_too_long_school_name_neither_changes_nor_removes_it(tmp_path):
    found = read(feed(event_of(1, "schools.updated", SCHOOL | {"name": "x" * 17_000_000})), tmp_path)
    assert (read_records(found), deleted_ids(found)) == ({}, {})
    assert rejections(found) == [("schools", SCHOOL["id"], "name is longer than 1,000 characters")]


@pytest.mark.parametrize("old", [None, 5, "<html>", NESTED, {"roles": NESTED}, {"name": "\0"}, {"name": "\ud83d"}])
def test_old_values_of_any_shape_change_nothing(tmp_path, old):
    event = event_of(2, "schools.updated", SCHOOL, previous_attributes=old)
    event["data"]["previous_attributes"] = old
    found = read(pages([event]), tmp_path)
    assert (read_records(found), found.lists[0].rejections, found.unknown_types) == ({"schools": [SCHOOL]}, (), {})


def test_a_time_that_is_none_is_no_time(tmp_path):
    odd = [event_of(n, "a.b", {}, created=at) for n, at in ((1, "0001-01-01T00:00:00+14:00"), (2, ["yesterday"]))]
    found = read(feed(*odd), tmp_path)
    assert (found.events, found.oldest_at, found.newest_at) == (2, None, None)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", body([GOOD])[:60], b'{"data":null,"links":[]}', b'{"data":[]}', b"[]", b"[" * 100_000],
    ids=["empty", "html", "half", "null", "no_links", "a_list", "abyss"],
)
def test_an_answer_that_is_no_page_is_refused(tmp_path, content):
    for asked in (lambda clever: read(clever, tmp_path), end):
        with pytest.raises(SourceBroken, match="events"):
            asked(FakeClever(lambda request: httpx.Response(200, content=content)))


@pytest.mark.parametrize("uri", ["/v3.1/events", f"/v3.1/users?starting_after={oid(9)}", "https://elsewhere.example/"])
def test_a_next_page_elsewhere_or_not_forward_is_refused(tmp_path, uri):
    with pytest.raises(SourceBroken):
        read(FakeClever(lambda request: page([GOOD], uri)), tmp_path)
    assert not list(tmp_path.iterdir())
