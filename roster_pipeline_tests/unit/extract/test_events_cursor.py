"""The cursor of the event feed: where reading continues, how a gap is found, and where the feed ends."""

from __future__ import annotations

import httpx
import pytest

from roster_pipeline.errors import EventsMissing, EventsTooMany, SourceBroken, SourceRefused
from roster_pipeline.extract import pagination
from roster_pipeline.model.feed import Cursor
from roster_pipeline.model.resources import RESOURCES
from roster_pipeline_tests.support.fake_clever import DISTRICT, FakeClever, oid, page
from roster_pipeline_tests.support.feed_of_events import EMPTY, SCHOOL, end, event_of, feed, pages, read

FIVE = [event_of(n, "schools.updated", SCHOOL | {"name": f"Pineapple {n}"}) for n in range(1, 6)]


@pytest.mark.scenario("E-14")
@pytest.mark.parametrize(
    "events",
    [FIVE[3:], FIVE[2:], [event_of(1, "schools.updated", SCHOOL)], []],
    ids=["expired", "the_last_alone_expired", "older_ones_only", "nothing"],
)
def test_events_that_do_not_follow_the_cursor_are_a_gap(tmp_path, events):
    with pytest.raises(EventsMissing, match=f"{DISTRICT}, events.*{oid(2)}.*full sync"):
        read(pages(events), tmp_path, Cursor(oid(1), oid(2)))
    assert not list(tmp_path.iterdir())


def test_late_event_before_the_cursor_is_a_gap(tmp_path):
    with pytest.raises(EventsMissing):
        read(feed(*FIVE), tmp_path, Cursor(oid(1), oid(3)))


@pytest.mark.scenario("E-15")
def test_no_event_after_a_valid_cursor_changes_nothing(tmp_path):
    since = Cursor(oid(4), oid(5))
    found = read(feed(*FIVE), tmp_path / "new", since)
    assert (found.cursor, found.events, found.oldest_at, found.newest_at) == (since, 0, None, None)
    assert [(each.resource, each.rows, each.file.exists()) for each in found.lists] == [(r, 0, True) for r in RESOURCES]
    assert found.deleted == {resource.name: () for resource in RESOURCES}


def test_a_feed_that_was_and_is_empty_is_no_gap(tmp_path):
    found = read(feed(), tmp_path)
    assert (found.cursor, found.events) == (EMPTY, 0)


@pytest.mark.scenario("E-16")
def test_next_link_of_clever_is_followed_not_a_computed_cursor(tmp_path):
    link = f"/v3.1/events?limit=7&starting_after={oid(9)}&more=yes"
    clever = FakeClever(lambda request: page(FIVE[:1], link) if len(clever.asked) == 1 else page(FIVE[1:2]))
    read(clever, tmp_path)
    assert [request.url.raw_path.decode() for request in clever.asked] == ["/v3.1/events?limit=10000", link]


def test_reading_goes_on_from_the_event_before_the_last_one(tmp_path):
    clever = feed(*FIVE)
    found = read(clever, tmp_path, Cursor(oid(1), oid(2)))
    assert clever.asked[0].url.raw_path.decode() == f"/v3.1/events?limit=10000&starting_after={oid(1)}"
    assert (found.events, found.cursor) == (3, Cursor(oid(4), oid(5)))


def test_the_first_event_of_all_is_a_cursor_without_one_before(tmp_path):
    first = read(feed(FIVE[0]), tmp_path).cursor
    assert first == Cursor(None, oid(1))
    assert read(feed(*FIVE[:2]), tmp_path, first).cursor == Cursor(oid(1), oid(2))


@pytest.mark.parametrize("status", [403, 404, 501])
def test_an_app_that_may_read_no_events_is_refused(tmp_path, status):
    clever = FakeClever(lambda request: httpx.Response(status, content=b"<html>"))
    with pytest.raises(SourceRefused, match=f"events: status {status}"):
        read(clever, tmp_path)
    with pytest.raises(SourceRefused):
        end(clever)


@pytest.mark.parametrize("size", [1, 2, 3, 10_000])
def test_the_end_of_the_feed_is_its_two_last_events(size):
    assert end(feed(*FIVE, size=size)) == Cursor(oid(4), oid(5))
    assert end(feed(*FIVE, size=size), Cursor(oid(1), oid(2))) == Cursor(oid(4), oid(5))


@pytest.mark.parametrize(
    ("events", "since", "newest"),
    [
        ([], None, EMPTY),
        ([], Cursor(oid(1), oid(2)), Cursor(oid(1), oid(2))),
        (FIVE[:1], EMPTY, Cursor(None, oid(1))),
        (FIVE[1:2], Cursor(oid(1), oid(2)), Cursor(oid(1), oid(2))),
        (FIVE[4:], Cursor(oid(1), oid(2)), Cursor(oid(2), oid(5))),
        (FIVE[2:], Cursor(oid(1), oid(9)), Cursor(oid(4), oid(5))),
    ],
    ids=["none", "none_kept", "one", "no_new_one", "expired", "a_cursor_beyond_the_end"],
)
def test_the_end_of_the_feed_needs_no_place_to_start_from(tmp_path, events, since, newest):
    assert end(feed(*events), since) == newest
    assert not events or read(feed(*events), tmp_path, newest).events == 0


def test_links_that_never_end_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pagination, "LIST_MAX_PAGES", 10)

    def answer(request):
        at = int(request.url.params.get("starting_after", "0"), 16)
        return page([event_of(at + 1, "schools.updated", SCHOOL)], f"/v3.1/events?starting_after={oid(at + 1)}")

    for asked in (lambda clever: read(clever, tmp_path), end):
        with pytest.raises(SourceBroken, match="no end"):
            asked(FakeClever(answer))


def test_events_before_the_requested_place_do_not_end_the_feed():
    assert end(pages(FIVE[:2]), Cursor(oid(3), oid(4))) == Cursor(oid(3), oid(4))


def test_more_changes_than_are_to_be_held_are_not_held(tmp_path):
    changes = [event_of(n, "schools.updated", SCHOOL | {"id": oid(n)}) for n in range(1, 7)]
    with pytest.raises(EventsTooMany, match="more than 5"):
        read(feed(*changes), tmp_path, most=5)
    assert read(feed(*changes), tmp_path, most=6).events == 6
