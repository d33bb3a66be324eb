"""The sensor `snapshot_news` starts a pass when there is news and a pass is due."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from roster_pipeline.definitions import defs
from roster_pipeline.defs import snapshot
from roster_pipeline.defs.resources import Product
from roster_pipeline.defs.snapshot import snapshot_news
from roster_pipeline.settings import read_settings
from roster_pipeline.snapshot import LATEST
from roster_pipeline_tests.support.readers import execute
from roster_pipeline_tests.support.snapshots import read
from roster_pipeline_tests.support.stages import leave_snapshot


@pytest.fixture
def evaluate(instance):
    """Evaluates the sensor. Return whether it requests a pass, or why it does not."""

    class LaterProduct(Product):
        minutes: int = 0

        def now(self):
            return datetime.now(UTC) + timedelta(minutes=self.minutes)

    cursors = [None]

    def evaluated(minutes=0):
        product = LaterProduct(minutes=minutes)
        resources = {"product": product}
        with dg.build_sensor_context(instance=instance, resources=resources, cursor=cursors[-1]) as context:
            result = snapshot_news(context)
            cursors.append(context.cursor)
        return isinstance(result, dg.RunRequest) or result.skip_message

    return evaluated


@pytest.fixture
def renew(instance):
    """Runs the job of a pass; returns the result of the run."""
    return lambda: defs.resolve_job_def("renew_snapshot").execute_in_process(instance=instance)


def test_pass_follows_each_sync_at_once_if_passes_are_quick(valley, quick_sync, product, evaluate):
    quick_sync(valley)
    assert evaluate() is True
    leave_snapshot(read_settings(), product)
    assert "up to date" in evaluate()
    quick_sync(valley)
    assert evaluate() is True


def test_slow_or_failed_pass_is_followed_after_ten_minutes(valley, quick_sync, renew, evaluate, monkeypatch):
    quick_sync(valley)
    assert renew().success
    quick_sync(valley)
    monkeypatch.setattr(snapshot, "QUICK_PASS", timedelta())
    assert "less than 10 minutes ago" in evaluate()
    assert evaluate(minutes=11) is True
    monkeypatch.setattr(snapshot, "_is_night_over", lambda *_: True)
    assert evaluate() is True


def test_tick_without_a_change_does_not_look_for_news(valley, quick_sync, product, evaluate, monkeypatch):
    quick_sync(valley, snapshot=True)
    assert "up to date" in evaluate()
    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "has_news", lambda *_: 1 / 0)
        assert "up to date" in evaluate()
    execute(product, "update roster.organizations set name = 'Renamed'")
    assert evaluate() is True
    leave_snapshot(read_settings(), product)
    assert "up to date" in evaluate()
    (read_settings().snapshots_folder / LATEST).unlink()
    assert evaluate() is True


def test_described_district_is_in_the_next_pass(valley, quick_sync, product, latest):
    quick_sync(valley, snapshot=True)
    execute(product, "update roster.organizations set time_zone = 'America/Chicago'")
    leave_snapshot(read_settings(), product)
    assert read(latest, "select time_zone from districts") == [("America/Chicago",)]
    assert not snapshot.has_news(read_settings(), product)
