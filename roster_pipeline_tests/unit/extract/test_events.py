"""Reading events gives the newest state of each record since a cursor (scenarios E)."""

from __future__ import annotations

import pytest

from roster_pipeline.model.feed import Cursor
from roster_pipeline_tests.support.fake_clever import DISTRICT, OTHER, oid
from roster_pipeline_tests.support.feed_of_events import (
    ANN,
    CLASS,
    PUPIL,
    SCHOOL,
    deleted_ids,
    event_of,
    feed,
    pages,
    read,
    read_records,
    rejections,
)

FIVE = [event_of(n, "schools.updated", SCHOOL | {"name": f"Pineapple {n}"}) for n in range(1, 6)]


@pytest.mark.scenario("E-1")
def test_event_that_comes_twice_counts_once(tmp_path):
    found = read(pages([FIVE[0], FIVE[0]], [FIVE[0], FIVE[1]]), tmp_path)
    assert (found.events, found.cursor) == (2, Cursor(oid(1), oid(2)))
    assert read_records(found) == {"schools": [SCHOOL | {"name": "Pineapple 2"}]}


@pytest.mark.scenario("E-2")
def test_replayed_page_ends_the_same(tmp_path):
    once = read(feed(*FIVE), tmp_path / "once", Cursor(oid(1), oid(2)))
    again = read(pages(FIVE[:3], FIVE, FIVE[1:4], FIVE[3:]), tmp_path / "again", Cursor(oid(1), oid(2)))
    assert (once.events, again.events) == (3, 3)
    assert read_records(again) == read_records(once)
    assert again.cursor == once.cursor == Cursor(oid(4), oid(5))


@pytest.mark.scenario("E-3")
@pytest.mark.parametrize("size", [1, 2, 3, 10_000])
def test_events_of_one_second_are_ordered_by_their_ids(tmp_path, size):
    events = [event_of(n, "schools.updated", SCHOOL | {"name": f"{n * 7 % 195}"}) for n in range(1, 196)]
    assert len({event["created"] for event in events}) == 1
    found = read(feed(*events, size=size), tmp_path)
    assert read_records(found) == {"schools": [SCHOOL | {"name": f"{195 * 7 % 195}"}]}
    assert (found.events, found.cursor) == (195, Cursor(oid(194), oid(195)))


def test_times_that_contradict_the_ids_order_nothing(tmp_path):
    late = FIVE[0] | {"created": "2024-01-01T00:00:00.000Z"}
    found = read(feed(late, FIVE[1]), tmp_path)
    assert read_records(found) == {"schools": [SCHOOL | {"name": "Pineapple 2"}]}
    assert (found.oldest_at.year, found.newest_at.year) == (2024, 2023)


@pytest.mark.scenario("E-4")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("apart", [False, True], ids=["in_one_page", "in_two"])
def test_update_before_its_creation_decides(tmp_path, order, apart):
    events = [event_of(1, "users.created", ANN), event_of(2, "users.updated", ANN | {"email": "ann@school.example"})]
    coming = [events[n] for n in order]
    found = read(pages(*([each] for each in coming)) if apart else pages(coming), tmp_path)
    assert read_records(found) == {"students": [ANN | {"email": "ann@school.example"}]}


@pytest.mark.scenario("E-5")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_deleted_then_created_record_exists(tmp_path, order):
    events = [event_of(1, "users.deleted", ANN), event_of(2, "users.created", ANN)]
    found = read(pages([events[n] for n in order]), tmp_path)
    assert (read_records(found), deleted_ids(found)) == ({"students": [ANN]}, {"teachers": (ANN["id"],)})


@pytest.mark.scenario("E-6")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_created_then_deleted_record_is_gone(tmp_path, order):
    events = [event_of(1, "sections.created", CLASS), event_of(2, "sections.deleted", CLASS)]
    found = read(pages([events[n] for n in order]), tmp_path)
    assert (read_records(found), deleted_ids(found)) == ({}, {"sections": (CLASS["id"],)})


@pytest.mark.scenario("E-8")
def test_shrunk_section_holds_exactly_the_listed_students(tmp_path):
    smaller = CLASS | {"students": [oid(73)]}
    event = event_of(1, "sections.updated", smaller)
    event["data"]["previous_attributes"] = {"students": CLASS["students"]}
    assert read_records(read(feed(event), tmp_path)) == {"sections": [smaller]}


@pytest.mark.scenario("E-9")
@pytest.mark.parametrize("place", ["inside", "beside", "nowhere"])
def test_previous_attributes_are_not_needed(tmp_path, place):
    event = event_of(1, "users.updated", ANN)
    old = {"previous_attributes": {"roles": {"student": {"school": oid(69)}}, "email": "old@school.example"}}
    if place != "nowhere":
        (event["data"] if place == "inside" else event).update(old)
    assert read_records(read(feed(event), tmp_path)) == {"students": [ANN]}


def test_replaced_record_loses_unshared_fields(tmp_path):
    events = [
        event_of(1, "users.updated", ANN | {"email": "ann@school.example"}),
        event_of(2, "users.updated", {"id": ANN["id"], "roles": PUPIL}),
    ]
    assert read_records(read(feed(*events), tmp_path)) == {"students": [{"id": ANN["id"], "roles": PUPIL}]}


@pytest.mark.scenario("E-10")
def test_created_user_may_be_years_old(tmp_path):
    found = read(feed(event_of(1, "users.created", ANN | {"created": "2017-03-28T16:16:24.878Z"})), tmp_path)
    assert read_records(found) == {"students": [ANN]}


@pytest.mark.parametrize(
    ("roles", "lists", "left"),
    [
        ({"teacher": {"school": oid(70)}}, {"teachers"}, {"students"}),
        ({"teacher": {}, "student": {}}, {"teachers", "students"}, set()),
        ({"student": None, "teacher": {}}, {"teachers"}, {"students"}),
        ({"contact": {}}, set(), {"teachers", "students"}),
        ({}, set(), {"teachers", "students"}),
    ],
    ids=["teacher", "both", "null", "contact", "none"],
)
def test_user_is_only_in_the_lists_of_its_roles(tmp_path, roles, lists, left):
    found = read(feed(event_of(1, "users.updated", ANN | {"roles": roles})), tmp_path)
    assert (read_records(found).keys(), deleted_ids(found).keys(), rejections(found)) == (lists, left, [])


@pytest.mark.scenario("E-12")
def test_unknown_events_are_counted_and_the_cursor_moves_on(tmp_path):
    kinds = ("contacts.updated", "users.merged", "users.merged", "districts.merged")
    odd = [event_of(n, kind, ANN) for n, kind in enumerate(kinds, 2)]
    found = read(pages([FIVE[0], *odd], odd), tmp_path)
    assert found.unknown_types == {"contacts.updated": 1, "users.merged": 2, "districts.merged": 1}
    assert found.undecodable == 2
    assert read_records(found) == {"schools": [SCHOOL | {"name": "Pineapple 1"}]}
    assert (found.events, found.cursor) == (5, Cursor(oid(4), oid(5)))


@pytest.mark.scenario("E-13")
def test_unused_event_types_are_skipped_silently(tmp_path):
    found = read(
        feed(event_of(1, "districts.updated", {"id": DISTRICT}), event_of(2, "resources.created", {})), tmp_path
    )
    assert (found.unknown_types, read_records(found), deleted_ids(found)) == ({}, {}, {})
    assert (found.events, found.cursor) == (2, Cursor(oid(1), oid(2)))


def test_last_event_decides_even_if_unreadable(tmp_path):
    events = [event_of(1, "sections.updated", CLASS), event_of(2, "sections.updated", CLASS | {"students": "all"})]
    found = read(feed(*events), tmp_path / "unreadable")
    assert (read_records(found), deleted_ids(found)) == ({}, {})
    assert rejections(found) == [("sections", CLASS["id"], "students is not a list")]
    assert read_records(read(feed(*events, event_of(3, "sections.updated", CLASS)), tmp_path)) == {"sections": [CLASS]}


@pytest.mark.parametrize("verb", ["updated", "deleted"])
def test_another_districts_record_is_set_aside(tmp_path, verb):
    found = read(feed(event_of(1, f"schools.{verb}", SCHOOL | {"district": OTHER})), tmp_path)
    assert (read_records(found), deleted_ids(found)) == ({}, {})
    assert rejections(found) == [("schools", SCHOOL["id"], "belongs to another district")]


def test_what_was_deleted_is_gone_though_only_its_id_can_be_read(tmp_path):
    found = read(feed(event_of(1, "sections.deleted", {"id": oid(72), "students": 5})), tmp_path)
    assert (deleted_ids(found), rejections(found)) == ({"sections": (oid(72),)}, [])


def test_a_deleted_user_is_gone_from_both_lists(tmp_path):
    found = read(feed(event_of(1, "users.deleted", ANN)), tmp_path)
    assert deleted_ids(found) == {"teachers": (ANN["id"],), "students": (ANN["id"],)}


def test_a_user_without_roles_proves_no_absence_and_is_set_aside(tmp_path):
    found = read(feed(event_of(1, "users.updated", {"id": ANN["id"], "name": ANN["name"]})), tmp_path)
    assert (read_records(found), deleted_ids(found)) == ({}, {})
    assert rejections(found) == [(name, ANN["id"], "roles is missing") for name in ("teachers", "students")]
