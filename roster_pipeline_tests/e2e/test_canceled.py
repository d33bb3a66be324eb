"""A person stops a sync: it is canceled and not failed, does not delay the next one, and its requests are answered."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from roster_pipeline.definitions import build_definitions
from roster_pipeline.defs import sensors
from roster_pipeline.defs.alerts import failure_alerts
from roster_pipeline.defs.launch import add_partition, run_sync
from roster_pipeline.defs.partitions import OUTCOME_TAG
from roster_pipeline.defs.resources import Product
from roster_pipeline.defs.sensors import refresh_requests
from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.lifecycle import begin_sync
from roster_pipeline.syncs.requests import file_request
from roster_pipeline.syncs.schedule_policy import list_candidates
from roster_pipeline_tests.support.district import Impatient
from roster_pipeline_tests.support.readers import execute, query

SYNCS = "select state, counts ->> 'error' from roster.syncs order by id"
REQUESTS = "select state, summary from roster.refresh_requests order by id"
STOPPED = ("canceled", "Nothing changed: a person stopped the sync.")


class Stopped(Impatient):
    """The resource of the real job, in whose first step the signal of a stop comes; `by_ui`: as the UI sends it."""

    by_ui: bool

    def clever(self):
        if self.by_ui:
            with dg.DagsterInstance.get() as instance:
                instance.report_run_canceling(self._run)
        raise KeyboardInterrupt


@pytest.fixture
def instance():
    with dg.instance_for_test() as kept:
        yield kept


@pytest.fixture
def press(product):
    def pressed(district):
        with transaction(product) as pg:
            file_request(pg, district.id, scope="district", scope_clever_id=None, requested_by=None)

    return pressed


@pytest.fixture
def stop(environment, instance):
    """Starts a sync and stops it in its first step; returns the run."""

    def stopped(district, *, trigger, by_ui):
        job = build_definitions({"sync": Stopped(by_ui=by_ui)}).resolve_job_def("sync_roster")
        add_partition(instance, district.id)
        with pytest.raises(KeyboardInterrupt):
            run_sync(instance, job, district.id, name=district.name, on_step=lambda *_: None, trigger=trigger)
        (run,) = instance.get_runs(limit=1)
        return run

    return stopped


@pytest.mark.parametrize(("trigger", "by_ui"), [("cli", False), ("manual", True)])
def test_stopped_sync_is_canceled_and_so_are_its_requests(valley, stop, press, product, trigger, by_ui):
    press(valley)
    run = stop(valley, trigger=trigger, by_ui=by_ui)
    assert run.status is dg.DagsterRunStatus.CANCELED
    assert run.tags[OUTCOME_TAG] == "stopped by a person, nothing changed"
    assert query(product, SYNCS) == [("canceled", "canceled")]
    assert query(product, REQUESTS) == [STOPPED]


def test_signal_without_a_person_is_a_failure(valley, stop, product):
    assert stop(valley, trigger="nightly", by_ui=False).status is dg.DagsterRunStatus.FAILURE
    assert query(product, SYNCS) == [("failed", "not published")]


@pytest.fixture
def record(valley, product):
    """Keeps a sync of the valley that ended in a state."""

    def recorded(state):
        statement = (
            "insert into roster.syncs (organization_id, trigger, state, finished_at) "
            "select id, 'nightly', :state, now() from roster.organizations"
        )
        execute(product, statement, state=state)

    return recorded


@pytest.mark.parametrize(
    ("states", "failures"),
    [(["canceled"], 0), (["failed", "canceled"], 1), (["failed", "published", "canceled"], 0)],
)
def test_canceled_syncs_are_neither_failures_nor_successes(record, product, states, failures):
    for state in states:
        record(state)
    with transaction(product) as pg:
        (district,) = list_candidates(pg, datetime.now(UTC))
    assert district.failures == failures


@pytest.mark.parametrize(("states", "kinds"), [(["canceled"], []), (["failed", "canceled"], [("failing",)])])
def test_canceled_sync_neither_opens_nor_closes_an_alert(record, product, environment, instance, states, kinds):
    for state in states:
        record(state)
        with dg.build_sensor_context(instance=instance, resources={"product": Product()}) as context:
            failure_alerts(context)
    assert query(product, "select kind from roster.alerts where recovered_at is null") == kinds


def test_run_stopped_in_the_queue_is_not_requested_again(valley, instance, press, product, environment):
    press(valley)
    tags = {"dagster/partition": valley.id, "dagster/sensor_name": "refresh_requests"}
    instance.add_run(dg.DagsterRun("sync_roster", status=dg.DagsterRunStatus.CANCELED, tags=tags))
    with dg.build_sensor_context(instance=instance, resources={"product": Product(patience=0)}) as context:
        (skipped,) = refresh_requests(context)
        assert isinstance(skipped, dg.SkipReason)
        press(valley)
        (asked,) = refresh_requests(context)
    assert isinstance(asked, dg.RunRequest)
    assert query(product, REQUESTS) == [STOPPED, ("queued", None)]


def test_run_stopped_during_a_tick_is_not_requested_again(valley, instance, press, product, environment, monkeypatch):
    press(valley)
    tags = {"dagster/partition": valley.id, "dagster/sensor_name": "refresh_requests"}
    run = dg.DagsterRun("sync_roster", status=dg.DagsterRunStatus.NOT_STARTED, tags=tags)
    instance.add_run(run)
    monkeypatch.setattr(sensors, "sleep", lambda _: instance.report_run_canceled(run))
    with dg.build_sensor_context(instance=instance, resources={"product": Product(patience=1)}) as context:
        (skipped,) = refresh_requests(context)
    assert isinstance(skipped, dg.SkipReason)
    assert query(product, REQUESTS) == [STOPPED]


def test_requests_of_a_run_stopped_by_force_are_answered(valley, instance, press, product, environment):
    press(valley)
    run = dg.DagsterRun("sync_roster", status=dg.DagsterRunStatus.CANCELED)
    instance.add_run(run)
    with transaction(product) as pg:
        begin_sync(pg, valley.id, dagster_run_id=run.run_id, mode="full", trigger="manual", at=datetime.now(UTC))
    with dg.build_sensor_context(instance=instance, resources={"product": Product(patience=0)}) as context:
        (skipped,) = refresh_requests(context)
    assert isinstance(skipped, dg.SkipReason)
    assert query(product, SYNCS) == [("canceled", "canceled")]
    assert query(product, REQUESTS) == [STOPPED]
