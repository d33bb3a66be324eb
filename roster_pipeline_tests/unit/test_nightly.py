"""The nightly policy: which districts are due, which wait and until when, and how districts are split into runs."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.syncs.schedule_policy import (
    BATCH_DISTRICTS,
    BATCH_MEMBERS,
    LATE,
    LONGEST_WAIT,
    Candidate,
    _fill_batches,
    count_hours_late,
    decide_night,
    describe_skipped,
    has_been_tried,
    last_evening,
)

EVENING = datetime(2026, 11, 4, 1, 30, tzinfo=UTC)
NOW = EVENING + timedelta(hours=2)
MINUTE = timedelta(minutes=1)


def district(**known):
    return Candidate(**{"district_id": "d1", "name": "Alder", "state": "active", "last_full_read_at": None} | known)


@pytest.mark.parametrize(
    ("now", "evening"),
    [
        ("2026-11-04T01:30+00:00", "2026-11-04T01:30+00:00"),
        ("2026-11-04T01:29+00:00", "2026-11-03T01:30+00:00"),
        ("2026-11-04T12:00+00:00", "2026-11-04T01:30+00:00"),
        ("2026-07-04T00:29+00:00", "2026-07-03T00:30+00:00"),  # summer: four hours from UTC
        ("2026-11-01T12:00+00:00", "2026-11-01T00:30+00:00"),  # the clock went back after that evening
        ("2026-11-02T01:30+00:00", "2026-11-02T01:30+00:00"),
        ("2026-03-08T12:00+00:00", "2026-03-08T01:30+00:00"),
        ("2026-03-09T00:30+00:00", "2026-03-09T00:30+00:00"),  # and forward
    ],
)
def test_last_evening_is_half_past_eight_in_summer_and_winter(now, evening):
    assert last_evening(datetime.fromisoformat(now)) == datetime.fromisoformat(evening)


@pytest.mark.parametrize(
    ("known", "due"),
    [
        ({}, True),
        ({"last_full_read_at": EVENING - MINUTE}, True),
        ({"last_full_read_at": EVENING}, False),
        ({"last_full_read_at": NOW}, False),
    ],
)
def test_active_district_is_due_until_read_after_the_evening(known, due):
    decision = decide_night(district(**known), EVENING, NOW)
    assert (decision.due, decision.skipped) == (due, None)


@pytest.mark.parametrize("stop", [{"state": "paused"}, {"state": "disconnected", "is_operator_disconnected": True}])
def test_stopped_district_is_skipped_with_its_state(stop):
    decision = decide_night(district(**stop), EVENING, NOW)
    assert (decision.due, decision.skipped) == (False, stop["state"])


def test_missing_district_is_tried_like_a_failing_one():
    gone = {"state": "disconnected", "failures": 1, "failed_at": NOW}
    assert decide_night(district(**gone), EVENING, NOW + 5 * MINUTE).due
    assert not decide_night(district(**gone), EVENING, NOW + 4 * MINUTE).due


@pytest.mark.parametrize(("failures", "minutes"), [(1, 5), (2, 10), (3, 20), (7, 320), (8, 360), (9, 360), (400, 360)])
def test_wait_doubles_after_each_failure_up_to_six_hours(failures, minutes):
    failing = district(failures=failures, failed_at=NOW)
    until = NOW + minutes * MINUTE
    before = decide_night(failing, EVENING, until - MINUTE / 60)
    assert (before.due, before.waits_until) == (False, until)
    times = "1 failure" if failures == 1 else f"{failures} failures"
    assert before.skipped == f"{times} in a row, next try at {until:%H:%M} UTC"
    assert decide_night(failing, EVENING, until).due


def test_only_tried_districts_have_something_to_catch_up():
    assert not has_been_tried(district())
    assert has_been_tried(district(failures=1, failed_at=NOW))
    assert has_been_tried(district(last_full_read_at=EVENING))


@pytest.mark.parametrize(
    ("members", "sizes"),
    [
        ([], []),
        ([300] * (BATCH_DISTRICTS * 2 + 1), [BATCH_DISTRICTS, BATCH_DISTRICTS, 1]),
        ([BATCH_MEMBERS // 2, BATCH_MEMBERS // 2, 1], [2, 1]),
        ([300, 10 * BATCH_MEMBERS, 300, 300], [1, 1, 2]),
        ([10 * BATCH_MEMBERS, 10 * BATCH_MEMBERS], [1, 1]),
    ],
)
def test_small_districts_share_a_run_and_a_large_one_is_alone(members, sizes):
    sized = [(district(district_id=f"d{number}"), count) for number, count in enumerate(members)]
    batches = _fill_batches(sized)
    assert [len(batch) for batch in batches] == sizes
    assert [one for batch in batches for one in batch] == [one for one, _ in sized]


@pytest.mark.parametrize(
    ("known", "hours"),
    [
        ({"last_full_read_at": NOW - timedelta(hours=30)}, None),
        ({"last_full_read_at": NOW - timedelta(hours=30, minutes=1)}, 30),
        ({"last_full_read_at": NOW - timedelta(days=3)}, 72),
        ({"last_full_read_at": NOW - timedelta(days=3), "state": "paused"}, None),
        ({}, None),
    ],
)
def test_district_is_late_after_a_night_and_six_hours(known, hours):
    assert count_hours_late(district(**known), NOW) == hours


def test_long_list_of_skipped_districts_is_cut_and_counted():
    decisions = [decide_night(district(district_id=f"d{number}", state="paused"), EVENING, NOW) for number in range(12)]
    said = describe_skipped([*decisions, decide_night(district(), EVENING, NOW)])
    assert said.startswith("12 skipped (d0: paused; d1: paused;")
    assert said.endswith("and 2 more)")
    assert "d10" not in said
    assert describe_skipped([]) == "none skipped"


DAY = timedelta(days=1)
anywhen = st.one_of(
    st.none(),
    st.timedeltas(-400 * DAY, 400 * DAY).map(lambda since: NOW + since),
    st.sampled_from(
        [NOW - MINUTE, NOW, NOW + MINUTE, NOW + CLOCK_TOLERANCE, NOW + CLOCK_TOLERANCE + MINUTE, EVENING - MINUTE]
    ),
)


@given(last_full_read_at=anywhen, failed_at=anywhen, failures=st.integers(0, 2000))
def test_stored_times_delay_no_district_beyond_the_longest_wait(last_full_read_at, failed_at, failures):
    stored = district(last_full_read_at=last_full_read_at, failed_at=failed_at, failures=failures)
    decision = decide_night(stored, EVENING, NOW)
    was_read = last_full_read_at is not None and EVENING <= last_full_read_at <= NOW + CLOCK_TOLERANCE
    waits = decision.waits_until is not None and NOW < decision.waits_until <= NOW + LONGEST_WAIT
    assert decision.due or was_read or waits
    is_late = last_full_read_at is not None and not NOW - LATE <= last_full_read_at <= NOW + CLOCK_TOLERANCE
    assert (count_hours_late(stored, NOW) is not None) == is_late


def test_read_dated_400_days_ahead_leaves_the_district_due():
    ahead = district(last_full_read_at=NOW + 400 * DAY)
    assert decide_night(ahead, EVENING, NOW).due
    assert has_been_tried(ahead)
    assert count_hours_late(ahead, NOW) == LATE // timedelta(hours=1)


def test_failure_dated_ahead_is_retried_now():
    assert decide_night(district(failures=3, failed_at=NOW + 400 * DAY), EVENING, NOW).due
