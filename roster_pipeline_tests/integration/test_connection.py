"""A district that Clever no longer shows keeps its data, is reported, and continues when it is back."""

from datetime import UTC, datetime, timedelta

import pytest

from roster_pipeline.product.connections import note_list
from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.requests import file_request, list_requests, list_waiting_districts
from roster_pipeline_tests.support.district import CLIENT_SECRET
from roster_pipeline_tests.support.readers import execute, query, row_versions

NOW = datetime(2026, 11, 26, 11, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
STANDING = "select state, missing_since from roster.organizations where clever_district_id = :key"


@pytest.fixture
def look(product):
    """A list of connections that was read to its end shows these districts at this time."""

    def looked(shown, at):
        with transaction(product) as pg:
            note_list(pg, [one.id for one in shown], at)

    return looked


@pytest.fixture
def standing(product):
    """The state of a district, and since when it is missing."""
    return lambda district: query(product, STANDING, key=district.id)[0]


@pytest.fixture
def press(product):
    """Presses Update Roster for a district."""

    def pressed(district):
        with transaction(product) as pg:
            return file_request(pg, district.id, scope="district", scope_clever_id=None, requested_by="a teacher")

    return pressed


@pytest.fixture
def answer(product):
    """The state and the words of the newest request."""

    def read():
        with transaction(product) as pg:
            newest = list_requests(pg, limit=1)[0]
        return newest.state, newest.summary

    return read


def test_sync_of_a_missing_district_keeps_all(valley, hamlet, known_sync, sync, product):
    known_sync(valley)
    before = row_versions(product)
    valley.connected = False
    ended = sync(valley)
    assert ended.exit_code == 4
    assert row_versions(product) == before
    wanted = (valley.id, "is gone", "kept unchanged", "administrator", "disconnect")
    assert [word for word in wanted if word not in ended.failure] == []
    last = "select state, counts ->> 'error' from roster.syncs order by id desc limit 1"
    assert query(product, last) == [("failed", ended.failure)]


def test_missing_twice_an_hour_apart_is_disconnected(valley, hamlet, look, standing):
    look([hamlet], NOW)
    assert standing(valley) == ("active", NOW)
    look([hamlet], NOW + HOUR - timedelta(seconds=1))
    assert standing(valley) == ("active", NOW)
    look([hamlet], NOW + HOUR)
    assert standing(valley) == ("disconnected", NOW)
    assert standing(hamlet) == ("active", None)


def test_an_empty_list_says_nothing_of_any_district(valley, look, standing):
    look([], NOW)
    look([], NOW + 2 * HOUR)
    assert standing(valley) == ("active", None)


def test_reappearing_district_restarts_the_hour(valley, hamlet, look, standing):
    look([hamlet], NOW)
    look([hamlet, valley], NOW + HOUR / 2)
    look([hamlet], NOW + HOUR)
    assert standing(valley) == ("active", NOW + HOUR)


def test_a_first_miss_that_is_dated_ahead_counts_as_unknown(valley, hamlet, look, standing):
    look([hamlet], NOW + 400 * 24 * HOUR)
    look([hamlet], NOW)
    assert standing(valley) == ("active", NOW)


def test_reappearing_district_is_active_after_its_next_sync(valley, hamlet, sync, look, standing):
    look([hamlet], NOW)
    look([hamlet], NOW + HOUR)
    assert sync(valley).exit_code == 0
    assert standing(valley) == ("active", None)


def test_an_operators_pause_and_disconnection_outlast_the_list(valley, hamlet, look, standing, product):
    execute(product, "update roster.organizations set state = 'paused' where clever_district_id = :key", key=valley.id)
    change = "update roster.organizations set state = 'disconnected', operator_disconnected_at = :at where name = :name"
    execute(product, change, at=NOW, name=hamlet.name)
    look([valley, hamlet], NOW)
    assert (standing(valley)[0], standing(hamlet)[0]) == ("paused", "disconnected")


def test_request_for_a_missing_district_says_who_can_restore_it(valley, hamlet, look, sync, press, answer, product):
    look([hamlet], NOW)
    look([hamlet], NOW + HOUR)
    valley.connected = False
    press(valley)
    with transaction(product) as pg:
        assert [one.district_id for one in list_waiting_districts(pg)] == [valley.id]
    assert sync(valley).exit_code == 4
    state, words = answer()
    assert (state, "is gone" in words, "administrator" in words) == ("failed", True, True)


def test_request_with_a_wrong_secret_is_answered_with_the_cause(valley, sync, press, answer, monkeypatch):
    press(valley)
    monkeypatch.setenv("ROSTER_CLEVER_CLIENT_SECRET", "a-secret-that-is-wrong")
    assert sync(valley).exit_code == 4
    state, words = answer()
    assert (state, "Clever refused the client id or the client secret" in words) == ("failed", True)
    assert not [secret for secret in (CLIENT_SECRET, "a-secret-that-is-wrong") if secret in words]


def test_what_clever_says_of_a_district_is_kept_beside_our_state(valley, sync, product):
    said = {"state": "paused", "error": "the nightly file\0 was empty", "pause_end": "2026-12-24T08:00:00.000Z"}
    portal = "https://clever.com/in/alder-valley"
    valley.put("districts", valley.get("districts", valley.id) | said | {"portal_url": portal})
    assert sync(valley).exit_code == 0
    stored = "select state, clever_state, clever_error, clever_pause_end, portal_url from roster.organizations"
    ends = datetime(2026, 12, 24, 8, tzinfo=UTC)
    assert query(product, stored) == [("active", "paused", "the nightly file was empty", ends, portal)]


@pytest.mark.parametrize("said", [{"error": {"code": 3}, "pause_end": 7, "portal_url": "javascript:alert(1)"}])
def test_what_clever_says_in_another_shape_stops_no_sync(valley, sync, product, said):
    valley.put("districts", valley.get("districts", valley.id) | said)
    assert sync(valley).exit_code == 0
    stored = "select clever_error, clever_pause_end, portal_url from roster.organizations"
    assert query(product, stored) == [(None, None, None)]
