"""Each district sends one alert when it begins to fail or has a hold, and one when that ends."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from roster_pipeline.definitions import defs
from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.alerts import MAX_SENDING_SECONDS
from roster_pipeline.syncs.correction_records import begin_correction, finish_correction
from roster_pipeline_tests.support.alerts import (
    SECRET,
    begin,
    evaluate_sensors,  # noqa: F401 - a fixture
    fail,  # noqa: F401 - a fixture
    opened,
    recovered,
    webhook,  # noqa: F401 - a fixture
)
from roster_pipeline_tests.support.holds import (
    crowd,  # noqa: F401 - a fixture
    decide,  # noqa: F401 - a fixture
)
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import execute, query


def test_both_sensors_are_served_described_and_on():
    served = {one.name: one for one in defs.get_repository_def().sensor_defs}
    for name in ("failure_alerts", "hold_alerts"):
        assert served[name].default_status == dg.DefaultSensorStatus.RUNNING
        assert "one message" in served[name].description


def test_failures_open_one_alert_and_recovery_closes_it(valley, sync, clever, webhook, evaluate_sensors):
    evaluate_sensors()
    assert webhook.take_alerts() == []
    clever.go_wrong(("/v3.1/sections", 0, "401"))
    for expected in ([opened("failing", valley)], [], []):
        assert sync(valley).exit_code == 4
        evaluate_sensors()
        evaluate_sensors()
        assert webhook.take_alerts() == expected
    clever.go_wrong()
    assert sync(valley).exit_code == 0
    evaluate_sensors()
    evaluate_sensors()
    (message,) = webhook.taken
    assert message["counts"] == {"failed_syncs": 3}
    assert webhook.take_alerts() == [recovered("failing", valley)]
    clever.go_wrong(("/v3.1/sections", 0, "401"))
    ended = sync(valley)
    evaluate_sensors()
    (again,) = webhook.taken
    assert (again["run_id"], again["sync_id"]) == (ended.run_id, 5)
    assert ended.run_id in again["next"]


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_hold_opens_one_alert_and_a_decision_closes_it(
    valley,
    crowd,
    quick_sync,
    decide,
    webhook,
    evaluate_sensors,
    decision,
):
    plan, leaving = crowd
    evaluate_sensors()
    evaluate_sensors()
    (message,) = webhook.taken
    assert webhook.take_alerts() == [opened("held", valley)]
    assert (message["plan"], message["sync_id"]) == (plan.held_digest[:12], plan.sync_id)
    assert message["counts"]["students"] == len(leaving)
    assert f"approve {plan.held_digest[:12]}" in message["text"]
    decide(decision)
    evaluate_sensors()
    (message,) = webhook.taken
    assert (message["plan"], message["sync_id"], message["counts"]) == (None, plan.sync_id, {})
    assert webhook.take_alerts() == [recovered("held", valley)]
    quick_sync(valley)
    evaluate_sensors()
    assert webhook.take_alerts() == []


def test_superseding_plan_sends_no_second_alert(
    valley,
    crowd,
    quick_sync,
    webhook,
    evaluate_sensors,
    product,
):
    evaluate_sensors()
    assert webhook.take_alerts() == [opened("held", valley)]
    quick_sync(valley)
    leave(valley, users_of(valley, "student")[0])
    assert quick_sync(valley).held_digest != crowd[0].held_digest
    evaluate_sensors()
    assert webhook.take_alerts() == []
    execute(product, 'update roster.organizations set limits = \'{"district_removals": 1, "window_removals": 1}\'')
    assert not quick_sync(valley).held
    evaluate_sensors()
    assert webhook.take_alerts() == [recovered("held", valley)]


@pytest.mark.parametrize("status", [503, 404, 302])
def test_refusing_webhook_receives_the_alert_once_later(
    valley, hamlet, fail, webhook, evaluate_sensors, capsys, status
):
    fail(valley)
    fail(hamlet, "another run")
    webhook.status = status
    assert evaluate_sensors()[0] == "0 alerts sent, 2 waiting."
    assert webhook.asked == 1
    said = capsys.readouterr().err
    assert said.count("did not accept an alert") == 1
    assert f"HTTP {status}" in said
    assert SECRET not in said
    webhook.status = 204
    assert evaluate_sensors()[0] == "2 alerts sent, 0 waiting."
    evaluate_sensors()
    assert webhook.take_alerts() == [opened("failing", valley), opened("failing", hamlet)]


def test_recovery_before_delivery_sends_nothing(valley, fail, quick_sync, webhook, evaluate_sensors):
    webhook.status = 500
    fail(valley)
    evaluate_sensors()
    quick_sync(valley)
    webhook.status = 200
    evaluate_sensors()
    assert webhook.take_alerts() == []


def test_silent_webhook_delays_the_sensor_by_seconds(valley, hamlet, fail, webhook, evaluate_sensors):
    webhook.answering.clear()
    fail(valley)
    fail(hamlet, "another run")
    began = datetime.now(UTC)
    assert evaluate_sensors()[0] == "0 alerts sent, 2 waiting."
    assert (datetime.now(UTC) - began).total_seconds() < MAX_SENDING_SECONDS
    assert webhook.asked == 1


def test_failing_and_waiting_districts_alert_separately(
    valley,
    hamlet,
    crowd,
    fail,
    quick_sync,
    webhook,
    evaluate_sensors,
):
    fail(hamlet)
    evaluate_sensors()
    assert webhook.take_alerts() == [opened("failing", hamlet), opened("held", valley)]
    fail(valley)
    quick_sync(hamlet)
    evaluate_sensors()
    assert webhook.take_alerts() == [opened("failing", valley), recovered("failing", hamlet)]


def test_restart_repeats_and_forgets_no_alert(
    valley,
    crowd,
    fail,
    quick_sync,
    webhook,
    evaluate_sensors,
):
    fail(valley)
    evaluate_sensors()
    assert webhook.take_alerts() == [opened("failing", valley), opened("held", valley)]
    with dg.DagsterInstance.ephemeral() as restarted:
        evaluate_sensors(restarted)
        assert webhook.take_alerts() == []
        quick_sync(valley)
        evaluate_sensors(restarted)
        assert webhook.take_alerts() == [recovered("failing", valley)]


def test_running_sync_is_judged_by_its_end(valley, fail, quick_sync, webhook, evaluate_sensors, product):
    fail(valley)
    begin(product, valley, "a run that is killed")
    evaluate_sensors()
    assert webhook.take_alerts() == []
    quick_sync(valley)
    evaluate_sensors()
    assert webhook.take_alerts() == []
    fail(valley, "the last run")
    evaluate_sensors()
    begin(product, valley, "one more run")
    evaluate_sensors()
    assert webhook.take_alerts() == [opened("failing", valley)]


def test_correction_does_not_close_the_alert_of_a_failed_sync(valley, fail, webhook, evaluate_sensors, product):
    fail(valley)
    with transaction(product) as pg:
        (organization,) = pg.exec_driver_sql("select id from roster.organizations").one()
        finish_correction(pg, begin_correction(pg, organization, "resolve", datetime.now(UTC)), {}, datetime.now(UTC))
    evaluate_sensors()
    assert webhook.take_alerts() == [opened("failing", valley)]


def test_run_that_fails_before_its_sync_alerts(
    valley, sync, quick_sync, webhook, evaluate_sensors, product, monkeypatch
):
    quick_sync(valley)
    for _ in range(2):
        with monkeypatch.context() as broken:
            broken.setenv("ROSTER_CLEVER_API_VERSION", "v2")
            assert sync(valley).failure
        evaluate_sensors()
    (message,) = webhook.taken
    assert webhook.take_alerts() == [opened("failing", valley)]
    ((state, counts),) = query(product, "select state, counts from roster.syncs where id = :id", id=message["sync_id"])
    assert (state, counts.keys(), counts["error"]) == ("failed", {"error"}, message["cause"])
    assert message["cause"].startswith("ROSTER_CLEVER_API_VERSION is malformed")
    assert query(product, "select count(*) from roster.syncs") == [(2,)]
    assert sync(valley).exit_code == 0
    evaluate_sensors()
    assert webhook.take_alerts() == [recovered("failing", valley)]


def test_unstarted_run_is_silent_after_a_later_sync(valley, quick_sync, webhook, evaluate_sensors, instance, product):
    lose_run(instance, {"dagster/partition": valley.id})
    lose_run(instance, {"dagster/partition": "0" * 24})
    lose_run(instance, {})
    quick_sync(valley)
    evaluate_sensors()
    assert webhook.take_alerts() == []
    lose_run(instance, {"dagster/partition": valley.id, "roster/trigger": "made up"})
    evaluate_sensors()
    assert webhook.take_alerts() == [opened("failing", valley)]
    assert query(product, "select trigger from roster.syncs order by id") == [("cli",), ("manual",)]


def lose_run(instance, tags):
    """A run whose process never came up, as the daemon ends it."""
    waiting = dg.DagsterRun("sync_roster", tags=tags, status=dg.DagsterRunStatus.STARTING)
    instance.report_run_failed(instance.add_run(waiting), "The run did not start in time.")


@pytest.mark.parametrize(("tier", "state"), [("sso_only", "active"), ("secure_sync", "paused")])
def test_refused_run_of_a_stopped_district_is_silent(valley, sync, webhook, evaluate_sensors, product, tier, state):
    execute(product, "update roster.organizations set tier = :tier, state = :state", tier=tier, state=state)
    assert sync(valley).exit_code == 2
    evaluate_sensors()
    assert webhook.take_alerts() == []
