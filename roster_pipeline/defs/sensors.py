"""The sensors that start syncs and register districts.

`district_partitions` makes each connected district a Dagster partition. `refresh_requests` starts a run for each
district with a waiting Update Roster request. `catch_up` starts runs for districts that missed a night.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic, sleep

import dagster as dg
from sqlalchemy import Connection

from roster_pipeline.defs.batch import batch_request, sync_batch
from roster_pipeline.defs.freshness import FRESH, ROSTERS, measure_freshness
from roster_pipeline.defs.jobs import FIRST_STEP, sync_roster
from roster_pipeline.defs.partitions import DISTRICTS, PARTITION_TAG, URGENT, districts, run_tags
from roster_pipeline.defs.resources import Product
from roster_pipeline.defs.runs import busy_districts, districts_in_syncs, is_over, was_canceled
from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.model.text import count_noun
from roster_pipeline.product.database import share_district, transaction
from roster_pipeline.product.organizations import list_connected_districts
from roster_pipeline.syncs.lifecycle import close_unpublished, fail_killed, list_running_runs, read_sync_state
from roster_pipeline.syncs.requests import WaitingDistrict, cancel_waiting, list_waiting_districts
from roster_pipeline.syncs.schedule_policy import (
    decide_night,
    describe_skipped,
    has_been_tried,
    last_evening,
    list_candidates,
    split_into_batches,
)

NIGHT_GRACE = timedelta(minutes=10)
"""How long the nightly schedule has to start its runs before `catch_up` counts the night as missed."""
FAILED_BATCH_PAUSE = timedelta(minutes=5)
"""How long `catch_up` starts nothing after a batch failed. The batch may have failed before it reached a district."""
SENSOR_TAG = "dagster/sensor_name"
"""Dagster's own tag of a run that a sensor requested."""
POLL_SECONDS = 0.2
"""The time between two queries for waiting requests in one call of `refresh_requests`."""
AUTO_MODE = {"ops": {FIRST_STEP: {"config": {"mode": "auto"}}}}


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Adds a partition for each connected district.",
    job=sync_roster,
)
def district_partitions(context: dg.SensorEvaluationContext, product: Product) -> dg.SensorResult | dg.SkipReason:
    """Add a partition for each connected district that has none.

    The partition of a district that leaves stays, because it holds the district's history.
    """
    with transaction(product.engine()) as pg:
        connected = set(list_connected_districts(pg))
    missing = sorted(connected - set(context.instance.get_dynamic_partitions(DISTRICTS)))
    if not missing:
        return dg.SkipReason(f"All {count_noun(len(connected), 'connected district')} have a partition.")
    return dg.SensorResult(dynamic_partitions_requests=[districts.build_add_request(missing)])


@dg.sensor(
    job=sync_roster,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts one run for each district that has a waiting Update Roster request. These runs start before "
    "the nightly ones.",
)
def refresh_requests(context: dg.SensorEvaluationContext, product: Product) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request one run for each district with waiting requests and no unfinished run of its own.

    One run answers all requests of its district that were filed before it began. Later requests wait for the next run.
    Each call polls for up to `product.patience` seconds, because the daemon calls a sensor every five seconds at best.

    Run requests carry no run key. Dagster never starts a second run with the same key, so a request would wait forever
    after a run that ended before it claimed the request.
    """
    with transaction(product.engine()) as pg:
        _close_ended_syncs(context.instance, pg, product.now())
    requests = _find_startable(context.instance, product)
    until = monotonic() + product.patience
    while not requests and monotonic() < until:
        sleep(POLL_SECONDS)
        requests = _find_startable(context.instance, product)
    if not requests:
        yield dg.SkipReason("No Update Roster request is waiting for a run.")
        return
    context.instance.add_dynamic_partitions(DISTRICTS, [request.district_id for request in requests])
    for request in requests:
        tags = run_tags("page" if request.is_pressed else "manual", request.district_name) | URGENT
        yield dg.RunRequest(partition_key=request.district_id, run_config=AUTO_MODE, tags=tags)


def _find_startable(instance: dg.DagsterInstance, product: Product) -> list[WaitingDistrict]:
    """Return the waiting requests whose district has no unfinished run of its own.

    Requests whose queued run a person stopped are answered first, and are not returned.
    """
    with transaction(product.engine()) as pg:
        waiting = list_waiting_districts(pg)
        busy = districts_in_syncs(instance) if waiting else set()
        startable = [request for request in waiting if request.district_id not in busy]
        _cancel_stopped(instance, pg, startable, product.now())
        still_waiting = {request.district_id for request in list_waiting_districts(pg)} if startable else set()
    return [request for request in startable if request.district_id in still_waiting]


def _cancel_stopped(
    instance: dg.DagsterInstance, pg: Connection, requests: list[WaitingDistrict], now: datetime
) -> None:
    """Answer the requests whose run a person stopped before it began. Without an answer they would start another."""
    for request in requests:
        own = {PARTITION_TAG: request.district_id, SENSOR_TAG: refresh_requests.name}
        stopped = dg.RunsFilter(job_name=sync_roster.name, tags=own, statuses=[dg.DagsterRunStatus.CANCELED])
        for record in instance.get_run_records(stopped, limit=1):
            if read_sync_state(pg, record.dagster_run.run_id) is None:
                cancel_waiting(pg, request.district_id, filed_before=record.create_timestamp, at=now)


def _close_ended_syncs(instance: dg.DagsterInstance, pg: Connection, now: datetime) -> None:
    """Close each running sync whose run has ended, so that its requests wait again.

    The process of such a run was killed before it could close the sync.
    """
    for district_id, run_id in list_running_runs(pg):
        # A run without a record here may belong to another Dagster. A held district lock shows that it still works.
        if is_over(instance, run_id) and share_district(pg, district_id):
            if was_canceled(instance, run_id):
                close_unpublished(pg, run_id, now, is_canceled=True)
            else:
                fail_killed(pg, run_id, now)


@dg.sensor(
    job_name=sync_batch.name,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run for each district that missed a nightly sync: its last full read is older than the last "
    "evening, and no unfinished run includes it. Several missed nights need only one run. A district that fails is "
    "tried again after 5 minutes, 10, 20, and so on, at most 6 hours. Each tick says which districts are skipped and "
    "why. It also reports the check every_district_is_fresh.",
)
def catch_up(context: dg.SensorEvaluationContext, product: Product) -> dg.SensorResult:
    """Request runs for the districts that missed a night, and report the freshness check if its result changed.

    A district that was never tried is left to the nightly schedule.
    """
    now = product.now()
    evening = last_evening(now - NIGHT_GRACE)
    with transaction(product.engine()) as pg:
        districts = list_candidates(pg, now)
        decisions = [decide_night(district, evening, now) for district in districts]
        overdue = [decision.district for decision in decisions if decision.due and has_been_tried(decision.district)]
        busy = busy_districts(context.instance) if overdue else set()
        idle = [district for district in overdue if district.district_id not in busy]
        batches = split_into_batches(pg, idle) if idle and not _has_batch_just_failed(context.instance, now) else []
    summary = (
        f"{count_noun(len(overdue), 'district')} to catch up on, {len(overdue) - len(idle)} of them already queued or "
        f"running, {describe_skipped(decisions)}."
    )
    if batches:  # Dagster shows the skip reason only for a tick that requests no run.
        context.log.info(summary)
    freshness = measure_freshness(districts, now)
    cursor = json.dumps(sorted(freshness.late))
    has_changed = cursor != context.cursor or _is_check_unfinished(context.instance)
    return dg.SensorResult(
        run_requests=[batch_request(batch, evening) for batch in batches],
        skip_reason=None if batches else summary,
        cursor=cursor,
        asset_events=[freshness.evaluation()] if has_changed else [],
    )


def _is_check_unfinished(instance: dg.DagsterInstance) -> bool:
    """Return whether the last run that planned the freshness check ended without a result.

    The Dagster UI then shows no result of the check, not even an earlier one.
    """
    key = dg.AssetCheckKey(ROSTERS, FRESH)
    last = instance.event_log_storage.get_latest_asset_check_execution_by_key([key]).get(key)
    return last is not None and last.status.value == "PLANNED" and is_over(instance, last.run_id)


def _has_batch_just_failed(instance: dg.DagsterInstance, now: datetime) -> bool:
    """Return whether a batch failed within `FAILED_BATCH_PAUSE`."""
    recent_failures = dg.RunsFilter(
        job_name=sync_batch.name,
        statuses=[dg.DagsterRunStatus.FAILURE],
        updated_after=now - FAILED_BATCH_PAUSE,
        updated_before=now + CLOCK_TOLERANCE,
    )
    return instance.get_runs_count(recent_failures) > 0
