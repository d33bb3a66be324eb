"""Alerts name the cause of a failure and report a lost connection."""

from datetime import UTC, datetime

from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.alerts import record_unstarted
from roster_pipeline.syncs.lifecycle import close_unpublished
from roster_pipeline_tests.support.alerts import begin, evaluate_sensors, fail, opened, recovered, webhook  # noqa: F401 - fixtures
from roster_pipeline_tests.support.readers import execute


def test_a_failure_is_told_with_its_cause_and_without_markup(valley, product, webhook, evaluate_sensors):
    begin(product, valley, "a run")
    line = "District <!channel>, /v3.1/schools: status 403; have it @shared in Clever."
    with transaction(product) as pg:
        close_unpublished(pg, "a run", datetime.now(UTC), why=lambda: line)
    evaluate_sensors()
    (message,) = webhook.taken
    assert message["cause"] == "District channel , /v3.1/schools: status 403; have it shared in Clever."
    assert f"Cause: {message['cause']} Next: look at run a run" in message["text"]


def test_alert_of_a_missing_district_says_who_can_restore_it(valley, hamlet, sync, webhook, evaluate_sensors):
    valley.connected = False
    assert sync(valley).exit_code == 4
    evaluate_sensors()
    (message,) = webhook.taken
    assert "no longer shows this district" in message["text"]
    assert "A district administrator can connect the app again in Clever" in message["next"]
    assert f"roster-pipeline disconnect {valley.id}" in message["next"]


def test_lost_connection_alerts_for_a_failing_district(valley, hamlet, fail, webhook, evaluate_sensors, product):
    fail(valley)
    evaluate_sensors()
    assert webhook.take_alerts() == [opened("failing", valley)]
    missing = "update roster.organizations set state = :state, missing_since = :at where name = :name"
    execute(product, missing, state="disconnected", at=datetime.now(UTC), name=valley.name)
    evaluate_sensors()
    (message,) = webhook.taken
    assert (message["kind"], "A district administrator" in message["next"]) == ("disconnected", True)
    webhook.taken.clear()
    execute(product, missing, state="active", at=None, name=valley.name)
    evaluate_sensors()
    assert webhook.take_alerts() == [recovered("disconnected", valley)]


def test_an_operators_own_disconnection_is_not_told(valley, known_sync, webhook, evaluate_sensors, product):
    known_sync(valley)
    execute(product, "update roster.organizations set state = 'disconnected', operator_disconnected_at = now()")
    evaluate_sensors()
    assert webhook.take_alerts() == []


def test_a_run_that_could_not_start_is_told_with_its_cause(valley, webhook, evaluate_sensors, product):
    line = "ROSTER_CLEVER_CLIENT_ID is not set."
    with transaction(product) as pg:
        now = datetime.now(UTC)
        record_unstarted(pg, valley.id, run_id="a run", trigger="nightly", at=now, now=now, failure=line)
    evaluate_sensors()
    (message,) = webhook.taken
    assert message["cause"] == line


def test_refusing_webhook_is_tried_once_a_tick(valley, fail, webhook, evaluate_sensors, product):
    fail(valley)
    execute(product, "update roster.organizations set state = 'disconnected', snapshot_failure = 'the disk is full'")
    webhook.status = 500
    evaluate_sensors()
    assert webhook.asked == 1
    webhook.status = 200
    evaluate_sensors()
    assert {kind for kind, _, _ in webhook.take_alerts()} == {"failing", "disconnected", "snapshot"}
