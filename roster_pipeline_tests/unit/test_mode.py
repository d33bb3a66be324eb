"""Any doubt about the events makes a sync a full one with a reason. Otherwise it is a delta."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from roster_pipeline.delta.sync_mode import find_full_sync_reason, find_full_sync_reason_in_events
from roster_pipeline.model.feed import Cursor, District, EventBatch, ListFile
from roster_pipeline.model.resources import STUDENTS
from roster_pipeline.model.sync_state import Bookmark, LastPublication

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
UPLOADED = NOON - timedelta(hours=3)
BOOKMARK = Bookmark(
    7, "uid of 7", Cursor("a", "b"), NOON - timedelta(hours=2), UPLOADED, NOON - timedelta(hours=2), "v3.1 x"
)
PUBLISHED = LastPublication("uid of 7", is_complete=True, is_corrected=False)
DISTRICT = District("d", "Any", "running", UPLOADED)


def why(asked="auto", bookmark=BOOKMARK, published=PUBLISHED, *, is_published=True, models_version="v3.1 x"):
    return find_full_sync_reason(
        asked, bookmark, published, is_published=is_published, models_version=models_version, now=NOON
    )


def events(count, changed=0):
    read = ListFile(STUDENTS, Path("none"), 1, changed, ())
    return EventBatch(Cursor("b", "c"), count, (read,), {}, {})


@pytest.mark.parametrize("asked", ["auto", "delta"])
def test_events_are_chosen_without_doubt(asked):
    assert why(asked) is None


def test_requested_full_read_is_the_reason():
    assert "requested" in why("full")


@pytest.mark.parametrize(
    ("doubt", "said"),
    [
        ({"bookmark": None}, "no published full sync"),
        ({"published": None}, "no published full sync"),
        ({"is_published": False}, "no published full sync"),
        ({"published": replace(PUBLISHED, is_corrected=True)}, "manual correction"),
        ({"published": replace(PUBLISHED, is_complete=False)}, "on hold"),
        ({"published": replace(PUBLISHED, uid="another uid of 7")}, "another machine"),
        ({"models_version": "v3.0 x"}, "API version"),
        ({"bookmark": replace(BOOKMARK, missed=1)}, "missed changes"),
        ({"bookmark": replace(BOOKMARK, full_read_at=NOON - timedelta(hours=26))}, "over a day old"),
        ({"bookmark": replace(BOOKMARK, seen_at=NOON - timedelta(days=30))}, "may have expired"),
        ({"bookmark": replace(BOOKMARK, full_read_at=NOON + timedelta(days=400))}, "ahead of the clock"),
        ({"bookmark": replace(BOOKMARK, seen_at=NOON + timedelta(minutes=6))}, "ahead of the clock"),
    ],
)
@pytest.mark.parametrize("asked", ["auto", "delta"])
def test_any_doubt_chooses_a_full_read_with_its_reason(asked, doubt, said):
    assert said in why(asked, **doubt)


def test_silent_feed_after_an_upload_chooses_a_full_read():
    later = replace(DISTRICT, last_sync=NOON)
    assert "reported no events" in find_full_sync_reason_in_events(BOOKMARK, later, events(0), rows=100)
    assert find_full_sync_reason_in_events(BOOKMARK, later, events(1, 1), rows=100) is None
    assert find_full_sync_reason_in_events(BOOKMARK, DISTRICT, events(0), rows=100) is None
    # The event that tells of the upload itself tells of nothing that we hold.
    assert "reported no events" in find_full_sync_reason_in_events(BOOKMARK, later, events(1), rows=100)


def test_unreadable_own_event_chooses_a_full_read():
    odd = replace(events(3, 2), undecodable=1)
    assert "could not be read" in find_full_sync_reason_in_events(BOOKMARK, DISTRICT, odd, rows=100)


@pytest.mark.parametrize(("changed", "rows", "is_full"), [(2000, 0, False), (2001, 0, True), (5000, 50_000, False)])
def test_many_changes_choose_a_full_read_where_it_is_cheaper(changed, rows, is_full):
    assert (
        find_full_sync_reason_in_events(BOOKMARK, DISTRICT, events(changed, changed), rows=rows) is not None
    ) == is_full
