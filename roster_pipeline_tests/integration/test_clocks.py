"""A time from a clock that was ahead does not delay decisions for longer than the longest wait."""

from datetime import UTC, datetime, timedelta

import pytest

from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.alerts import find_changes, record_unstarted
from roster_pipeline.syncs.holds import load_threshold_context
from roster_pipeline.syncs.lifecycle import find_organization_id
from roster_pipeline.syncs.schedule_policy import count_hours_late, decide_night, last_evening, list_candidates
from roster_pipeline_tests.support.district import Impatient
from roster_pipeline_tests.support.readers import execute, query

MODES = "select mode, mode_reason from roster.syncs order by id"
SYNC = (
    "insert into roster.syncs (organization_id, trigger, state, counts, started_at, finished_at) "
    "select id, 'cli', :state, '{\"removed\": {\"students\": 5}}', :at, :at from roster.organizations"
)
DAY = timedelta(days=1)


@pytest.fixture
def ahead(monkeypatch):
    """The clock of runs is 400 days ahead, until the function that this gives is called."""
    monkeypatch.setattr(Impatient, "now", lambda _self: datetime.now(UTC) + 400 * DAY, raising=False)
    return lambda: monkeypatch.delattr(Impatient, "now")


def decision(product, now):
    with transaction(product) as pg:
        (district,) = list_candidates(pg, now)
    return district, decide_night(district, last_evening(now), now)


def test_full_sync_dated_ahead_is_due_late_and_repeated_once(sync, product, valley, ahead):
    assert sync(valley).failure is None
    ahead()
    now = datetime.now(UTC)
    district, due = decision(product, now)
    assert due.due
    assert count_hours_late(district, now) is not None
    for _ in range(2):
        assert sync(valley, mode="auto").failure is None
    assert [mode for mode, _ in query(product, MODES)] == ["full", "full", "delta"]
    assert "ahead of the clock" in query(product, MODES)[1][1]
    district, due = decision(product, datetime.now(UTC))
    assert count_hours_late(district, datetime.now(UTC)) is None


def test_failure_dated_ahead_does_not_lengthen_the_wait(product, valley):
    execute(product, SYNC, state="failed", at=datetime.now(UTC) + 400 * DAY)
    now = datetime.now(UTC)
    assert decision(product, now)[1].due
    execute(product, SYNC, state="failed", at=now)
    waits = decision(product, now)[1]
    assert not waits.due
    assert waits.waits_until == now + timedelta(minutes=10)


def test_failure_dated_ahead_ends_with_the_next_success(product, valley):
    now = datetime.now(UTC)
    execute(product, SYNC, state="failed", at=now + 400 * DAY)
    execute(product, SYNC, state="published", at=now + 400 * DAY)
    with transaction(product) as pg:
        assert find_changes(pg, "failing") == []
        record_unstarted(pg, valley.id, run_id="unstarted", trigger="page", at=now, now=now)
        assert [change.is_open for change in find_changes(pg, "failing")] == [True]
    assert query(product, "select trigger from roster.syncs order by id desc limit 1") == [("page",)]


@pytest.mark.parametrize(("later", "removed"), [(None, 5), (-3 * DAY, 10), (-8 * DAY, 0)])
def test_removals_dated_ahead_leave_the_window_in_order(product, valley, later, removed):
    """R5.8: without a later sync nothing tells when it was, so they count."""
    now = datetime.now(UTC)
    execute(product, SYNC, state="published", at=now + 400 * DAY)
    if later is not None:
        execute(product, SYNC, state="published", at=now + later)
    with transaction(product) as pg:
        standing = load_threshold_context(pg, find_organization_id(pg, valley.id), now)
    assert dict(standing.recent_removals) == ({"students": removed} if removed else {})


def test_sync_dated_back_keeps_earlier_removals_in_the_window(product, valley):
    """R5.8: a clock that was behind once makes no removal an old one."""
    now = datetime.now(UTC)
    execute(product, SYNC, state="published", at=now - DAY)
    execute(product, SYNC, state="published", at=now - 20_000 * DAY)
    with transaction(product) as pg:
        standing = load_threshold_context(pg, find_organization_id(pg, valley.id), now)
    assert dict(standing.recent_removals) == {"students": 10}
