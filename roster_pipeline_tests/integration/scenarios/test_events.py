"""Scenarios E of events in whole syncs: what is published, in which mode, and what the events had missed."""

import pytest

from roster_pipeline import ingest
from roster_pipeline.land import open_warehouse
from roster_pipeline.sandbox.api.feed_event import event
from roster_pipeline.sandbox.data.clever_values import clever_time
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.event_steps import (
    _bookmark,
    _go_back,
    assert_equal,
    delta,  # noqa: F401 - a fixture
    drift,
    full,  # noqa: F401 - a fixture
)
from roster_pipeline_tests.support.readers import row_versions
from roster_pipeline_tests.support.seen import person_of, roster_of
from roster_pipeline_tests.support.shared_syncs import shares_syncs

LATER_SYNCS = "delta"


@pytest.mark.scenario("E-1", "E-2")
def test_same_events_again_write_nothing(town, resync, delta, product):
    student = town.student(1)
    town.section(1, students=[student])
    resync()
    town.edit("users", student, name={"first": "New", "last": "Name"})
    cursor = _bookmark(town)
    assert delta().total == 1
    before = row_versions(product)
    _go_back(town, cursor)
    assert delta().total == 0
    assert row_versions(product) == before


@pytest.mark.scenario("E-5")
@shares_syncs
def test_student_unshared_and_shared_again_is_unchanged(town, product):
    student = town.student(1)
    section = town.section(1, students=[student])
    yield
    shared = town.person(student)
    town.leave(student)
    town.put("users", shared)
    yield
    assert town.counts() == {}
    assert roster_of(product, section).students == {student: "live"}


@pytest.mark.scenario("E-6")
@shares_syncs
def test_student_created_and_deleted_was_never_there(town, product):
    yield
    student = town.student(1)
    town.leave(student)
    yield
    assert town.counts() == {}
    assert person_of(product, student).member is None


@pytest.mark.scenario("E-7")
@shares_syncs
def test_event_older_than_the_known_record_is_not_applied(town):
    student = town.student(1, first="Newest")
    yield
    old = town.person(student) | {"name": {"first": "Old", "last": "Name"}, "last_modified": "2001-01-01T00:00:00.000Z"}
    town._record("users", "updated", old, {})
    yield
    assert town.counts() == {}
    assert town.published().people[student][1] == "Newest"


@pytest.mark.scenario("E-7")
@shares_syncs
def test_older_event_leaves_no_rejection_of_its_fields(town):
    student = town.student(1, first="Newest")
    yield
    old = town.person(student) | {"name": "Old", "last_modified": "2001-01-01T00:00:00.000Z"}
    town._record("users", "updated", old, {})
    yield
    assert town.counts() == {}
    with open_warehouse(read_settings().districts_folder, town.id) as con:
        assert con.execute("select * from raw.rejected").fetchall() == []


@pytest.mark.scenario("E-8")
@shares_syncs
def test_students_missing_from_a_shrunk_class_leave_it(town, product):
    one, two = town.student(1), town.student(2)
    section = town.section(1, students=[one, two])
    yield
    town.edit("sections", section, students=[two])
    yield
    assert sum(sum(ops.values()) for ops in town.counts().values()) == 1
    assert roster_of(product, section).students == {one: "ended", two: "live"}
    assert person_of(product, one).member == "student"


@pytest.mark.scenario("E-11")
@shares_syncs
def test_unknown_member_in_an_event_is_pending_until_arrival(town, product):
    stranger = town.student(1)
    town.leave(stranger)
    yield
    section = town.section(1, students=[stranger])
    yield
    assert roster_of(product, section).awaited == {stranger: "student"}
    town.student(1)
    yield
    assert roster_of(product, section).students == {stranger: "live"}
    assert_equal(product, town)


@pytest.mark.scenario("E-12")
def test_event_of_an_unused_kind_is_skipped(town, known_sync, delta):
    known_sync(town)
    _tell(town, "attendance.created", {})
    town.student(1)
    assert delta().total > 0


@pytest.mark.scenario("E-12")
@pytest.mark.parametrize("kind", ["users.merged", "users"])
def test_event_that_cannot_be_decoded_forces_a_full_sync(town, resync, full, product, kind):
    student = town.student(1)
    resync()
    town.events_on = False
    town.edit("users", student, name={"first": "New", "last": "Name"})
    town.events_on = True
    _tell(town, kind, {"id": student})
    assert "1 events could not be read" in full()
    assert_equal(product, town)
    assert drift(town) == 1


@pytest.mark.scenario("E-14")
def test_expired_cursor_forces_a_full_sync(town, known_sync, delta, full, product):
    known_sync(town)
    town.student(1)
    delta()
    town.student(2)
    town.student(3)
    town.forget_events(town.events.ids()[-1])
    assert "missing from the feed" in full()
    assert_equal(product, town)
    town.student(4)
    delta()
    assert_equal(product, town)


@pytest.mark.scenario("E-15")
def test_no_event_changes_nothing_and_keeps_the_cursor(town, known_sync, delta):
    known_sync(town)
    town.student(1)
    delta()
    cursor = _bookmark(town).cursor
    assert delta().total == 0
    assert _bookmark(town).cursor == cursor


@pytest.mark.scenario("E-17")
def test_events_that_were_off_force_a_full_sync(town, known_sync, full, product):
    known_sync(town)
    town.events_on = False
    town.student(1)
    town.events_on = True
    town.edit("districts", town.id, last_sync="2026-11-22T09:15:00.000Z")
    assert len(town.events) > 0
    assert "reported no events" in full()
    assert_equal(product, town)


@pytest.mark.scenario("E-18")
def test_lost_events_are_drift_and_are_repaired(town, resync, known_sync, delta, full, product):
    known_sync(town)
    town.events_on = False
    student = town.student(1)
    town.edit("schools", _school(town), name="Renamed unheard")
    town.events_on = True
    town.student(2)
    delta()
    assert person_of(product, student).member is None
    resync()
    assert drift(town) == 2
    assert_equal(product, town)
    town.student(3)
    assert "missed changes" in full()
    assert drift(town) == 0
    town.student(4)
    delta()
    assert_equal(product, town)


@pytest.mark.scenario("E-19")
def test_change_during_a_full_sync_is_no_drift(town, resync, known_sync, delta, product, monkeypatch):
    known_sync(town)
    lists = ingest.read_lists

    def meanwhile(connection, into, **how):
        reads = lists(connection, into, **how)
        town.student(1)
        town.edit("schools", _school(town), name="Renamed meanwhile")
        return reads

    with monkeypatch.context() as while_reading:
        while_reading.setattr(ingest, "read_lists", meanwhile)
        resync()
    assert drift(town) == 0
    assert_equal(product, town)
    assert delta().total == 0


def _tell(town, kind, record):
    """An event of any kind, about anything."""
    town.events.put(event(kind, town.ids.at(town.now), clever_time(town.now), record, None))


def _school(town):
    return next(iter(town.resources["schools"]))
