"""The night: batches, one run for each district in them, missed nights, and late districts."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from roster_pipeline.definitions import defs
from roster_pipeline.defs.batch import BatchConfig, sync_batch, sync_each
from roster_pipeline.defs.freshness import FRESH, every_district_is_fresh
from roster_pipeline.defs.partitions import BATCH_TAG, PARTITION_TAG, TRIGGER_TAG
from roster_pipeline.defs.resources import Product
from roster_pipeline.defs.schedules import nightly
from roster_pipeline.defs.sensors import catch_up
from roster_pipeline.instance.run_districts import list_districts
from roster_pipeline_tests.support.readers import execute, query

EVENING = datetime(2026, 11, 3, 20, 30, tzinfo=ZoneInfo("America/New_York"))
HOUR = timedelta(hours=1)
READ = "update roster.organizations set last_full_read_at = :at where clever_district_id = :key"
FAILED = """
    insert into roster.syncs (organization_id, trigger, state, started_at, finished_at)
    select id, 'nightly', 'failed', :at, :at from roster.organizations where clever_district_id = :key
"""


class At(Product):
    """The resource, at a given time."""

    at: str

    def now(self):
        return datetime.fromisoformat(self.at)


@pytest.fixture
def read(product):
    """Says when a district was last read in full."""
    return lambda district, at: execute(product, READ, at=at, key=district.id)


@pytest.fixture
def fail(product):
    """Says that a sync of a district failed."""
    return lambda district, at: execute(product, FAILED, at=at, key=district.id)


@pytest.fixture
def evening(environment):
    """What the schedule asks for on an evening, seen at a time."""
    with dg.instance_for_test() as instance:

        def looked(at, now=None):
            resources = {"product": At(at=(now or at).isoformat())}
            with dg.build_schedule_context(instance, scheduled_execution_time=at, resources=resources) as context:
                return list(nightly(context))

        yield looked


@pytest.fixture
def look(instance):
    """What the sensor of missed nights does at a time; it remembers what it said last."""
    cursors = [None]

    def looked(now):
        resources = {"product": At(at=now.isoformat())}
        with dg.build_sensor_context(instance, cursor=cursors[-1], resources=resources) as context:
            result = catch_up(context)
        cursors.append(result.cursor)
        return result

    return looked


def asked_for(requests):
    """The districts of each batch that is asked for."""
    return [list_districts(dg.DagsterRun("sync_batch", run_config=one.run_config)) for one in requests]


def unfinished(instance, job, **more):
    run = dg.DagsterRun(job, status=dg.DagsterRunStatus.STARTED, **more)
    instance.add_run(run)
    return run


def test_night_requests_one_batch_most_stale_district_first(valley, hamlet, evening, read):
    read(valley, EVENING - 24 * HOUR)
    read(hamlet, EVENING - 48 * HOUR)
    (asked,) = evening(EVENING)
    assert asked_for([asked]) == [[hamlet.id, valley.id]]
    assert (asked.tags[TRIGGER_TAG], asked.tags["roster/slot"]) == ("nightly", "night")
    assert asked.run_config["ops"]["sync_districts"]["config"]["mode"] == "full"
    assert [one.run_key for one in evening(EVENING)] == [asked.run_key]
    assert [one.run_key for one in evening(EVENING + 24 * HOUR)] != [asked.run_key]


def test_night_puts_unread_districts_first_and_skips_read_ones(valley, hamlet, evening, read):
    read(valley, EVENING - 24 * HOUR)
    assert asked_for(evening(EVENING)) == [[hamlet.id, valley.id]]
    read(hamlet, EVENING)
    assert asked_for(evening(EVENING)) == [[valley.id]]
    read(valley, EVENING + HOUR)
    (skipped,) = evening(EVENING, now=EVENING + HOUR)
    assert "No district" in skipped.skip_message


def test_replayed_evenings_request_only_the_last(valley, evening):
    now = EVENING + 24 * HOUR * 3 + HOUR
    *old, last = [evening(EVENING + 24 * HOUR * nights, now) for nights in range(4)]
    assert [one.skip_message.split(":")[0] for (one,) in old] == ["A later night is due"] * 3
    assert asked_for(last) == [[valley.id]]


@pytest.mark.parametrize(("tier", "state"), [("library", "active"), ("sso_only", "active"), ("secure_sync", "paused")])
def test_night_requests_only_active_secure_sync_districts(valley, hamlet, product, evening, tier, state):
    change = "update roster.organizations set tier = :tier, state = :state where clever_district_id = :key"
    execute(product, change, tier=tier, state=state, key=hamlet.id)
    assert asked_for(evening(EVENING)) == [[valley.id]]


def test_missed_night_is_requested_once(valley, hamlet, look, instance, read):
    read(valley, EVENING - 20 * HOUR)
    read(hamlet, EVENING + HOUR / 20)
    assert look(EVENING + HOUR / 10).run_requests == []  # the schedule's own turn
    (asked,) = look(EVENING + HOUR).run_requests
    assert asked_for([asked]) == [[valley.id]]
    assert asked.run_key is None
    run = unfinished(instance, "sync_batch", run_config=asked.run_config)
    assert "1 district to catch up on, 1 of them already queued" in look(EVENING + HOUR).skip_reason.skip_message
    instance.delete_run(run.run_id)
    unfinished(instance, "sync_roster", tags={PARTITION_TAG: valley.id})
    assert look(EVENING + HOUR).run_requests == []


def test_untried_district_waits_for_the_night(valley, look, evening, fail):
    assert look(EVENING + HOUR).run_requests == []
    assert asked_for(evening(EVENING)) == [[valley.id]]
    fail(valley, EVENING)
    assert asked_for(look(EVENING + HOUR).run_requests) == [[valley.id]]


def test_catch_up_waits_longer_after_each_failure(valley, look, fail, product):
    fail(valley, EVENING)
    fail(valley, EVENING + HOUR)
    early = look(EVENING + HOUR * 1.1)
    assert early.run_requests == []
    assert f"1 skipped ({valley.id}: 2 failures in a row, next try at 02:40 UTC)" in early.skip_reason.skip_message
    assert asked_for(look(EVENING + HOUR * 1.2).run_requests) == [[valley.id]]
    execute(product, "update roster.syncs set state = 'published' where started_at = :at", at=EVENING)
    assert asked_for(look(EVENING + HOUR * 1.1).run_requests) == [[valley.id]]  # one failure since: five minutes


@pytest.mark.parametrize("state", ["paused", "disconnected"])
def test_stopped_district_is_skipped_with_its_reason(valley, look, read, product, state):
    read(valley, EVENING - 48 * HOUR)
    ended = EVENING if state == "disconnected" else None
    stop = "update roster.organizations set state = :state, operator_disconnected_at = :ended"
    execute(product, stop, state=state, ended=ended)
    result = look(EVENING + HOUR)
    assert result.run_requests == []
    assert f"{valley.id}: {state}" in result.skip_reason.skip_message
    assert [one.passed for one in result.asset_events] == [True]  # nor is it late


def test_catch_up_pauses_after_a_failed_batch(valley, look, read, instance):
    now = datetime.now(UTC)
    read(valley, now - 48 * HOUR)
    instance.report_run_failed(unfinished(instance, "sync_batch", run_config={}))
    assert look(now).run_requests == []
    assert asked_for(look(now + HOUR).run_requests) == [[valley.id]]


def test_freshness_check_lists_late_districts_and_changes(valley, hamlet, look, read):
    read(hamlet, EVENING)
    assert [one.passed for one in look(EVENING).asset_events] == [True]
    read(valley, EVENING - 40 * HOUR)
    (told,) = look(EVENING).asset_events
    said = {name: value.value for name, value in told.metadata.items()}
    assert (told.passed, told.check_name) == (False, FRESH)
    assert said == {"late": 1, "never_read": 0, "hours_since_full_read": {valley.id: 40}}
    assert look(EVENING + HOUR).asset_events == []
    read(valley, EVENING)
    assert [one.passed for one in look(EVENING + HOUR).asset_events] == [True]


def test_run_that_failed_before_the_check_gets_a_result_again(valley, look, read, instance, job):
    read(valley, EVENING)
    assert [one.passed for one in look(EVENING).asset_events] == [True]
    assets = defs.resolve_implicit_global_asset_job_def()
    fresh = {dg.AssetCheckKey(dg.AssetKey(["product", "rosters"]), FRESH)}
    planned = instance.create_run_for_job(assets.get_subset(asset_selection=frozenset(), asset_check_selection=fresh))
    assert look(EVENING).asset_events == []  # it may come to it yet
    instance.report_run_failed(planned)
    assert [one.passed for one in look(EVENING).asset_events] == [True]


def test_freshness_check_by_hand_agrees_with_the_sensor(valley, read, environment):
    read(valley, EVENING - 40 * HOUR)
    result = every_district_is_fresh(At(at=EVENING.isoformat()))
    assert not result.passed
    assert result.metadata["hours_since_full_read"].value == {valley.id: 40}


@pytest.fixture
def batch(environment, job, instance, caplog):
    """Syncs districts in one process, as the batch's step does; returns the ids of those that failed."""

    def synced(*districts, since):
        config = BatchConfig(districts=[one.id for one in districts], evening=since.isoformat())
        log = dg.get_dagster_logger()
        return sync_each(instance, job, Product(), config, batch=dg.DagsterRun("sync_batch", "the batch"), log=log)

    return synced


def test_batch_goes_on_after_a_failed_district(valley, hamlet, batch, clever, instance, product):
    began = datetime.now(UTC)
    clever.go_wrong(("/v3.1/schools", 1, "401"))
    assert batch(valley, hamlet, since=began) == [valley.id]
    runs = {run.tags[PARTITION_TAG]: run for run in instance.get_runs(dg.RunsFilter(tags={BATCH_TAG: "the batch"}))}
    assert {key: run.status.value for key, run in runs.items()} == {valley.id: "FAILURE", hamlet.id: "SUCCESS"}
    assert {run.job_name for run in runs.values()} == {"sync_roster"}
    made = instance.get_materialized_partitions(dg.AssetKey(["product", "rosters"]))
    assert made == {hamlet.id}
    syncs = query(product, "select trigger, mode, state from roster.syncs order by id")
    assert syncs == [("nightly", "full", "failed"), ("nightly", "full", "published")]
    read_at = "select last_full_read_at >= :at, last_read_at >= :at from roster.organizations order by id"
    assert query(product, read_at, at=began) == [(None, None), (True, True)]


def test_repeated_batch_skips_districts_that_were_read(valley, hamlet, batch, read, product):
    began = datetime.now(UTC)
    read(valley, began)
    execute(product, "update roster.organizations set state = 'paused' where clever_district_id = :key", key=hamlet.id)
    assert batch(valley, hamlet, since=began) == []
    assert query(product, "select count(*) from roster.syncs") == [(0,)]


def test_a_batch_runs_in_one_process_and_says_what_it_is():
    assert sync_batch.executor_def is dg.in_process_executor
    assert "each in a run" in sync_batch.description
