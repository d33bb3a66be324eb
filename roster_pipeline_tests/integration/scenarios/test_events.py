"""Scenarios E of events, at the level of a sync: what is published, in which mode, and what is found to be missing."""

import pytest

from roster_pipeline import ingest
from roster_pipeline.delta.bookmark import load_bookmark
from roster_pipeline.land import open_warehouse
from roster_pipeline.sandbox.api.feed_event import event
from roster_pipeline.sandbox.data.clever_values import clever_time
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.changes import NO_LIMITS
from roster_pipeline_tests.support.readers import difference, execute, published, query, row_versions
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.seen import person_of, roster_of

HOW = "select mode, mode_reason from roster.syncs order by id desc limit 1"


@pytest.fixture
def delta(town, quick_sync, product):
    """Syncs the town by its events alone, and makes sure that it was so; gives the plan."""

    def synced(limits=NO_LIMITS):
        plan = quick_sync(town, limits, mode="auto")
        assert query(product, HOW)[0][0] == "delta", query(product, HOW)
        return plan

    return synced


@pytest.fixture
def full(town, quick_sync, product):
    """Syncs the town as `auto` would, and gives why that was a full read."""

    def synced(limits=NO_LIMITS):
        quick_sync(town, limits, mode="auto")
        ((mode, reason),) = query(product, HOW)
        assert mode == "full"
        return reason

    return synced


def drift(town):
    """Records that the events had missed, by the last full read."""
    with open_warehouse(read_settings().districts_folder, town.id) as con:
        return load_bookmark(con)[0].missed


def assert_equal(product, town):
    assert difference(expect(town), published(product, town.id)) == {}


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
def test_student_unshared_and_shared_again_is_unchanged(town, resync, delta, product):
    student = town.student(1)
    section = town.section(1, students=[student])
    resync()
    shared = town.person(student)
    town.leave(student)
    town.put("users", shared)
    assert delta().total == 0
    assert roster_of(product, section).students == {student: "live"}


@pytest.mark.scenario("E-6")
def test_student_created_and_deleted_was_never_there(town, resync, delta, product):
    resync()
    student = town.student(1)
    town.leave(student)
    assert delta().total == 0
    assert person_of(product, student).member is None


@pytest.mark.scenario("E-7")
def test_event_older_than_the_known_record_is_not_applied(town, resync, delta, product):
    student = town.student(1, first="Newest")
    resync()
    old = town.person(student) | {"name": {"first": "Old", "last": "Name"}, "last_modified": "2001-01-01T00:00:00.000Z"}
    town._record("users", "updated", old, {})
    assert delta().total == 0
    assert query(product, "select count(*) from roster.accounts where first_name = 'Newest'") == [(1,)]


@pytest.mark.scenario("E-8")
def test_students_missing_from_a_shrunk_class_leave_it(town, resync, delta, product):
    one, two = town.student(1), town.student(2)
    section = town.section(1, students=[one, two])
    resync()
    town.edit("sections", section, students=[two])
    assert delta().total == 1
    assert roster_of(product, section).students == {one: "ended", two: "live"}
    assert person_of(product, one).member == "student"


@pytest.mark.scenario("E-11")
def test_unknown_member_in_an_event_is_pending_until_arrival(town, resync, delta, product):
    stranger = town.student(1)
    town.leave(stranger)
    resync()
    section = town.section(1, students=[stranger])
    delta()
    assert roster_of(product, section).awaited == {stranger: "student"}
    town.student(1)
    delta()
    assert roster_of(product, section).students == {stranger: "live"}
    assert_equal(product, town)


@pytest.mark.scenario("E-12")
def test_event_of_an_unused_kind_is_skipped(town, resync, delta):
    resync()
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
def test_expired_cursor_forces_a_full_sync(town, resync, delta, full, product):
    resync()
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
def test_no_event_changes_nothing_and_keeps_the_cursor(town, resync, delta):
    resync()
    town.student(1)
    delta()
    cursor = _bookmark(town).cursor
    assert delta().total == 0
    assert _bookmark(town).cursor == cursor


@pytest.mark.scenario("E-17")
def test_events_that_were_off_force_a_full_sync(town, resync, full, product):
    resync()
    town.events_on = False
    town.student(1)
    town.events_on = True
    town.edit("districts", town.id, last_sync="2026-11-22T09:15:00.000Z")
    assert len(town.events) > 0
    assert "told no event" in full()
    assert_equal(product, town)


@pytest.mark.scenario("E-18")
def test_lost_events_are_drift_and_are_repaired(town, resync, delta, full, product):
    resync()
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
    assert "missed something" in full()
    assert drift(town) == 0
    town.student(4)
    delta()
    assert_equal(product, town)


@pytest.mark.scenario("E-19")
def test_change_during_a_full_sync_is_no_drift(town, resync, delta, product, monkeypatch):
    resync()
    lists = ingest.read_lists

    def meanwhile(connection, into):
        reads = lists(connection, into)
        town.student(1)
        town.edit("schools", _school(town), name="Renamed meanwhile")
        return reads

    with monkeypatch.context() as while_reading:
        while_reading.setattr(ingest, "read_lists", meanwhile)
        resync()
    assert drift(town) == 0
    assert_equal(product, town)
    assert delta().total == 0


@pytest.mark.scenario("E-20")
def test_delta_before_any_full_sync_is_a_full_sync(town, quick_sync, product):
    town.student(1)
    quick_sync(town, mode="delta")
    ((mode, reason),) = query(product, HOW)
    assert (mode, reason) == ("full", "there is no complete full read to go on from")
    assert_equal(product, town)


@pytest.mark.scenario("E-22")
def test_crash_before_the_cursor_is_saved_repeats_nothing(town, resync, delta, product, monkeypatch):
    resync()
    town.student(1)
    cursor = _bookmark(town)
    delta()
    after = row_versions(product)
    _go_back(town, cursor)
    assert delta().total == 0
    assert row_versions(product) == after
    assert_equal(product, town)


def test_failed_sync_is_followed_by_a_full_read(town, resync, full, quick_sync, product):
    resync()
    town.student(1)
    execute(product, "alter table roster.accounts add constraint nobody check (last_name <> 'Student1') not valid")
    with pytest.raises(Exception, match="nobody"):
        quick_sync(town)
    execute(product, "alter table roster.accounts drop constraint nobody")
    assert "no complete full read" in full()
    assert_equal(product, town)


def test_events_of_a_failed_delta_are_not_lost(town, resync, delta, quick_sync, product):
    resync()
    town.student(1)
    execute(product, "alter table roster.accounts add constraint nobody check (last_name <> 'Student1') not valid")
    with pytest.raises(Exception, match="nobody"):
        quick_sync(town, mode="auto")
    execute(product, "alter table roster.accounts drop constraint nobody")
    assert delta().total > 0
    assert_equal(product, town)


def test_held_removals_by_events_lead_to_a_full_read(town, resync, quick_sync, full, product):
    resync()
    for key in [key for key, user in town.resources["users"].items() if "student" in user["roles"]][:6]:
        town.leave(key)
    plan = quick_sync(town, mode="auto")
    assert query(product, HOW)[0][0] == "delta"
    assert {held.part for held in plan.held} >= {"students"}
    assert "waits for a person" in full(limits=None)


def test_quarantined_person_stays_when_the_email_moves_by_events(town, resync, delta, product):
    waiting, other = town.student(1), town.student(2)
    resync()
    town.edit("users", waiting, roles={"student": town.role(1) | {"schools": ["no id"]}})
    delta()
    town.edit("users", other, email=town.person(waiting)["email"])
    delta()
    assert person_of(product, waiting).member == "student"
    before = row_versions(product)
    assert resync().total == 0
    assert row_versions(product) == before


@pytest.mark.parametrize("away", ["left", "quarantined"])
def test_email_given_up_by_events_goes_to_the_next_claimant(town, resync, delta, product, away):
    first, second = town.student(1), town.student(2)
    resync()
    was = town.person(first)
    town.edit("users", first, email="second@example.org")
    delta()
    if away == "left":
        town.leave(first)
    else:
        town.edit("users", first, roles={"student": town.role(1) | {"schools": ["no id"]}})
    delta()
    town.edit("users", second, email="second@example.org")
    delta()
    town.put("users", was | {"email": "third@example.org"})
    delta()
    before = row_versions(product)
    assert resync().total == 0
    assert row_versions(product) == before
    assert query(product, "select count(*) from roster.accounts where email = 'second@example.org'") == [(1,)]


def test_upload_after_the_events_is_not_counted_as_published(town, resync, delta, monkeypatch, product):
    resync()
    town.student(1)
    events = ingest.read_events

    def then_uploaded(connection, since, into):
        found = events(connection, since, into)
        town.edit("districts", town.id, last_sync="2026-11-22T09:15:00.000Z")
        return found

    with monkeypatch.context() as while_reading:
        while_reading.setattr(ingest, "read_events", then_uploaded)
        delta()
    assert _bookmark(town).uploaded_at is None
    assert query(product, "select last_clever_sync_at from roster.organizations") == [(None,)]


def test_changed_models_count_no_missed_events(town, resync, full, product):
    resync()
    with open_warehouse(read_settings().districts_folder, town.id) as con:
        con.execute("update raw.bookmark set made_by = 'others'")
        con.execute("update raw.students set content_hash = content_hash + 1 where content_hash < 1000000000000000000")
        con.execute("update raw.students set content_hash = content_hash - 1 where content_hash >= 1000000000000000000")
    assert "models or the API version" in full()
    assert drift(town) == 0


def _tell(town, kind, record):
    """An event of any kind, about anything."""
    town.events.put(event(kind, town.ids.at(town.now), clever_time(town.now), record, None))


def _bookmark(town):
    with open_warehouse(read_settings().districts_folder, town.id) as con:
        return load_bookmark(con)[0]


def _go_back(town, bookmark):
    """The cursor is where it was, as if the process had died before it was moved."""
    with open_warehouse(read_settings().districts_folder, town.id) as con:
        cursor = bookmark.cursor
        con.execute("update raw.bookmark set before = ?, last = ?", [cursor.before, cursor.last])


def _school(town):
    return next(iter(town.resources["schools"]))
