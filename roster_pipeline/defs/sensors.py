"""What is watched: connected districts become partitions, and Update Roster requests become runs."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
from sqlalchemy import Connection

from roster_pipeline.defs.jobs import sync_roster
from roster_pipeline.defs.partitions import DISTRICTS, PARTITION_TAG, URGENT, districts, run_tags
from roster_pipeline.defs.resources import Product
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connected_districts
from roster_pipeline.publish.ledger import fail_killed, runs_of_running_syncs
from roster_pipeline.refresh import waiting_requests

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


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
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Update Roster: each press that waits becomes a run of its district, ahead of the nightly ones.",
)
def refresh_requests(context: dg.SensorEvaluationContext, product: Product) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run for all that wait for a district; while one is under way, what is pressed waits for the next.

    There is no run key: Dagster remembers those for ever, and a run that ends before it takes its request up would
    leave it waiting for good.
    """
    with transaction(product.engine()) as pg:
        _give_back(context.instance, pg)
        waiting = [one for one in waiting_requests(pg) if not _under_way(context.instance, one.district_id)]
    if not waiting:
        yield dg.SkipReason("No Update Roster request waits for a run.")
        return
    context.instance.add_dynamic_partitions(DISTRICTS, [one.district_id for one in waiting])
    for one in waiting:
        yield dg.RunRequest(partition_key=one.district_id, tags=run_tags("manual", one.district_name) | URGENT)


def _under_way(instance: dg.DagsterInstance, district_id: str) -> bool:
    runs = dg.RunsFilter(job_name=sync_roster.name, tags={PARTITION_TAG: district_id}, statuses=UNFINISHED)
    return instance.get_runs_count(runs) > 0


def _give_back(instance: dg.DagsterInstance, pg: Connection) -> None:
    """Requests of a sync whose run is over wait again: the process was killed before it could say anything."""
    for run_id in runs_of_running_syncs(pg):
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            fail_killed(pg, run_id, datetime.now(UTC))
