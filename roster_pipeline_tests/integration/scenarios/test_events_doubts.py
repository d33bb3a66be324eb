"""Event feeds that fail, have gaps or change limits: the next sync is a full one where it must be."""

import pytest

from roster_pipeline import ingest
from roster_pipeline.land import open_warehouse
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.event_steps import (
    HOW,
    _bookmark,
    _go_back,
    assert_equal,
    delta,  # noqa: F401 - a fixture
    drift,
    full,  # noqa: F401 - a fixture
)
from roster_pipeline_tests.support.readers import execute, query, row_versions
from roster_pipeline_tests.support.seen import person_of
from roster_pipeline_tests.support.shared_syncs import shares_syncs

LATER_SYNCS = "delta"


@pytest.mark.scenario("E-20")
def test_delta_before_any_full_sync_is_a_full_sync(town, quick_sync, product):
    town.student(1)
    quick_sync(town, mode="delta")
    ((mode, reason),) = query(product, HOW)
    assert (mode, reason) == ("full", "there is no published full sync to continue from")
    assert_equal(product, town)


@pytest.mark.scenario("E-22")
def test_crash_before_the_cursor_is_saved_repeats_nothing(town, known_sync, delta, product, monkeypatch):
    known_sync(town)
    town.student(1)
    cursor = _bookmark(town)
    delta()
    after = row_versions(product)
    _go_back(town, cursor)
    assert delta().total == 0
    assert row_versions(product) == after
    assert_equal(product, town)


def test_failed_sync_is_followed_by_a_full_read(town, known_sync, full, quick_sync, product):
    known_sync(town)
    town.student(1)
    execute(product, "alter table roster.accounts add constraint nobody check (last_name <> 'Student1') not valid")
    with pytest.raises(Exception, match="nobody"):
        quick_sync(town)
    execute(product, "alter table roster.accounts drop constraint nobody")
    assert "no published full sync" in full()
    assert_equal(product, town)


def test_events_of_a_failed_delta_are_not_lost(town, known_sync, delta, quick_sync, product):
    known_sync(town)
    town.student(1)
    execute(product, "alter table roster.accounts add constraint nobody check (last_name <> 'Student1') not valid")
    with pytest.raises(Exception, match="nobody"):
        quick_sync(town, mode="auto")
    execute(product, "alter table roster.accounts drop constraint nobody")
    assert delta().total > 0
    assert_equal(product, town)


def test_held_removals_by_events_lead_to_a_full_read(town, known_sync, quick_sync, full, product):
    known_sync(town)
    for key in [key for key, user in town.resources["users"].items() if "student" in user["roles"]][:6]:
        town.leave(key)
    plan = quick_sync(town, mode="auto")
    assert query(product, HOW)[0][0] == "delta"
    assert {held.part for held in plan.held} >= {"students"}
    assert "on hold" in full(limits=None)


@shares_syncs
def test_quarantined_person_stays_when_the_email_moves_by_events(town, product):
    waiting, other = town.student(1), town.student(2)
    yield
    town.edit("users", waiting, roles={"student": town.role(1) | {"schools": ["no id"]}})
    yield
    town.edit("users", other, email=town.person(waiting)["email"])
    yield
    assert person_of(product, waiting).member == "student"


@shares_syncs
def test_rejected_person_stays_until_an_event_says_gone(town, product):
    student = town.student(1)
    yield
    town.edit("users", student, roles=None)
    yield
    assert person_of(product, student).member == "student"
    town.leave(student)
    yield
    assert person_of(product, student).member != "student"


@pytest.mark.parametrize("away", ["left", "quarantined"])
@shares_syncs
def test_email_given_up_by_events_goes_to_the_next_claimant(town, product, *, away):
    first, second = town.student(1), town.student(2)
    yield
    was = town.person(first)
    town.edit("users", first, email=town.address("second"))
    yield
    if away == "left":
        town.leave(first)
    else:
        town.edit("users", first, roles={"student": town.role(1) | {"schools": ["no id"]}})
    yield
    town.edit("users", second, email=town.address("second"))
    yield
    town.put("users", was | {"email": town.address("third")})
    yield
    of_email = "select count(*) from roster.accounts where email = :email"
    assert query(product, of_email, email=town.address("second")) == [(1,)]


def test_upload_after_the_events_is_not_counted_as_published(town, known_sync, delta, monkeypatch, product):
    known_sync(town)
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


def test_changed_models_count_no_missed_events(town, known_sync, full, product):
    known_sync(town)
    with open_warehouse(read_settings().districts_folder, town.id) as con:
        con.execute("update raw.bookmark set models_version = 'others'")
        con.execute("update raw.students set content_hash = content_hash + 1 where content_hash < 1000000000000000000")
        con.execute("update raw.students set content_hash = content_hash - 1 where content_hash >= 1000000000000000000")
    assert "models or the API version" in full()
    assert drift(town) == 0
