"""What is watched: connected districts become partitions, Update Roster requests and missed nights become runs."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic, sleep

import dagster as dg
from sqlalchemy import Connection

from roster_pipeline.defs.batch import batch_request, sync_batch
from roster_pipeline.defs.freshness import FRESH, ROSTERS, freshness_of
from roster_pipeline.defs.jobs import FIRST_STEP, sync_roster
from roster_pipeline.defs.partitions import DISTRICTS, PARTITION_TAG, URGENT, districts, run_tags
from roster_pipeline.defs.resources import Product
from roster_pipeline.defs.runs import is_over, syncs_under_way, under_way, was_canceled
from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.product.database import share_district, transaction
from roster_pipeline.product.organizations import connected_districts
from roster_pipeline.syncs.lifecycle import close_unpublished, fail_killed, runs_of_running_syncs, state_of
from roster_pipeline.syncs.requests import Waiting, cancel_waiting, waiting_requests
from roster_pipeline.syncs.schedule_policy import candidates, in_batches, in_words, last_evening, turn_of, was_tried

GRACE = timedelta(minutes=10)
"""What the schedule has to ask for a night before it counts as missed."""
BREATH = timedelta(minutes=5)
"""After a batch failed nothing is asked for: it may have failed before any district could be told from another."""
SENSOR_TAG = "dagster/sensor_name"
"""Dagster's own tag of a run that a sensor requested."""
LOOK_EVERY = 0.2
"""Seconds between two looks of one call: a query of one index."""
AUTO = {"ops": {FIRST_STEP: {"config": {"mode": "auto"}}}}


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Every connected district is a partition.",
    job=sync_roster,
)
def district_partitions(context: dg.SensorEvaluationContext, product: Product) -> dg.SensorResult | dg.SkipReason:
    """A district connected elsewhere appears here within half a minute. One that leaves keeps its history."""
    with transaction(product.engine()) as pg:
        connected = set(connected_districts(pg))
    missing = sorted(connected - set(context.instance.get_dynamic_partitions(DISTRICTS)))
    if not missing:
        return dg.SkipReason(f"All {len(connected)} connected districts are partitions.")
    return dg.SensorResult(dynamic_partitions_requests=[districts.build_add_request(missing)])


@dg.sensor(
    job=sync_roster,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Update Roster: each press that waits becomes a run of its district, ahead of the nightly ones.",
)
def refresh_requests(context: dg.SensorEvaluationContext, product: Product) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run for all that wait for a district; while one is under way, what is pressed waits for the next.

    The daemon calls sensors every five seconds at best. So this one stays and looks until just before the next call
    but one; a little longer, and that one would pass it by.

    There is no run key: Dagster remembers those for ever, and a run that ends before it takes its request up would
    leave it waiting for good.
    """
    with transaction(product.engine()) as pg:
        _give_back(context.instance, pg, product.now())
    waiting = _free(context.instance, product)
    until = monotonic() + product.patience
    while not waiting and monotonic() < until:
        sleep(LOOK_EVERY)
        waiting = _free(context.instance, product)
    if not waiting:
        yield dg.SkipReason("No Update Roster request waits for a run.")
        return
    context.instance.add_dynamic_partitions(DISTRICTS, [one.district_id for one in waiting])
    for one in waiting:
        tags = run_tags("manual", one.district_name) | URGENT
        yield dg.RunRequest(partition_key=one.district_id, run_config=AUTO, tags=tags)


def _free(instance: dg.DagsterInstance, product: Product) -> list[Waiting]:
    """Who waits for a run and has none. A run may be stopped in the queue while the sensor looks, so each look asks."""
    with transaction(product.engine()) as pg:
        waiting = waiting_requests(pg)
        busy = syncs_under_way(instance) if waiting else set()
        free = [one for one in waiting if one.district_id not in busy]
        _answer_stopped(instance, pg, free, product.now())
        left = {one.district_id for one in waiting_requests(pg)} if free else set()
    return [one for one in free if one.district_id in left]


def _answer_stopped(instance: dg.DagsterInstance, pg: Connection, free: list[Waiting], now: datetime) -> None:
    """Answer the requests of a run of this sensor that a person stopped before it began; they start no other one."""
    for one in free:
        own = {PARTITION_TAG: one.district_id, SENSOR_TAG: refresh_requests.name}
        stopped = dg.RunsFilter(job_name=sync_roster.name, tags=own, statuses=[dg.DagsterRunStatus.CANCELED])
        for record in instance.get_run_records(stopped, limit=1):
            if state_of(pg, record.dagster_run.run_id) is None:
                cancel_waiting(pg, one.district_id, filed_before=record.create_timestamp, at=now)


def _give_back(instance: dg.DagsterInstance, pg: Connection, now: datetime) -> None:
    """Requests of a sync whose run is over wait again: the process was killed before it could say anything."""
    for district_id, run_id in runs_of_running_syncs(pg):
        # A run that this Dagster has no record of may be another one's: the district's lock tells whether it lives.
        if is_over(instance, run_id) and share_district(pg, district_id):
            if was_canceled(instance, run_id):
                close_unpublished(pg, run_id, now, is_canceled=True)
            else:
                fail_killed(pg, run_id, now)


@dg.sensor(
    job_name=sync_batch.name,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Nights that were missed, once and not once a night: districts whose last full read is older than the "
    "last evening and that no run has or waits for. One that fails is tried again after 5 minutes, 10, 20, and so on, "
    "at most 6 hours. Who is skipped and why is said by each tick. It also reports the check every_district_is_fresh.",
)
def catch_up(context: dg.SensorEvaluationContext, product: Product) -> dg.SensorResult:
    """Ask for whoever the night has missed. A district that was never tried waits for the night, or for a person."""
    now = product.now()
    evening = last_evening(now - GRACE)
    with transaction(product.engine()) as pg:
        districts = candidates(pg, now)
        turns = [turn_of(one, evening, now) for one in districts]
        late = [one.district for one in turns if one.due and was_tried(one.district)]
        busy = under_way(context.instance) if late else set()
        free = [one for one in late if one.district_id not in busy]
        batches = in_batches(pg, free) if free and not _a_batch_just_failed(context.instance, now) else []
    said = f"{len(late)} to catch up on, {len(late) - len(free)} of them under way, {in_words(turns)}."
    if batches:  # a tick that asks for nothing says so itself
        context.log.info(said)
    fresh = freshness_of(districts, now)
    seen = json.dumps(sorted(fresh.late))
    return dg.SensorResult(
        run_requests=[batch_request(batch, evening) for batch in batches],
        skip_reason=None if batches else said,
        cursor=seen,
        asset_events=[fresh.evaluation()] if seen != context.cursor or _is_left_open(context.instance) else [],
    )


def _is_left_open(instance: dg.DagsterInstance) -> bool:
    """Whether a run that is over had planned the check and never came to it: the UI then shows no result at all."""
    key = dg.AssetCheckKey(ROSTERS, FRESH)
    last = instance.event_log_storage.get_latest_asset_check_execution_by_key([key]).get(key)
    return last is not None and last.status.value == "PLANNED" and is_over(instance, last.run_id)


def _a_batch_just_failed(instance: dg.DagsterInstance, now: datetime) -> bool:
    failed = dg.RunsFilter(
        job_name=sync_batch.name,
        statuses=[dg.DagsterRunStatus.FAILURE],
        updated_after=now - BREATH,
        updated_before=now + CLOCK_TOLERANCE,
    )
    return instance.get_runs_count(failed) > 0
