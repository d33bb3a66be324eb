"""Which runs are under way, and for which districts: what every sensor and schedule asks before it starts another."""

import dagster as dg

from roster_pipeline.defs.batch import sync_batch
from roster_pipeline.defs.jobs import sync_roster
from roster_pipeline.defs.partitions import PARTITION_TAG
from roster_pipeline.instance.run_districts import districts_of

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def syncs_under_way(instance: dg.DagsterInstance) -> set[str]:
    """The districts that a run of their own syncs, or waits to."""
    runs = instance.get_runs(dg.RunsFilter(job_name=sync_roster.name, statuses=UNFINISHED))
    return {run.tags.get(PARTITION_TAG, "") for run in runs}


def districts_in_batches(instance: dg.DagsterInstance) -> set[str]:
    """The districts of every batch that waits or runs, those it is done with too."""
    batches = instance.get_runs(dg.RunsFilter(job_name=sync_batch.name, statuses=UNFINISHED))
    return {one for run in batches for one in districts_of(run)}


def under_way(instance: dg.DagsterInstance) -> set[str]:
    """The districts that need no other run now."""
    return districts_in_batches(instance) | syncs_under_way(instance)


def was_canceled(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether a person stopped a run that is over, by force where its process did not say so itself."""
    run = instance.get_run_by_id(run_id)
    return run is not None and run.status is dg.DagsterRunStatus.CANCELED


def is_over(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether a run has ended, or its record is gone."""
    run = instance.get_run_by_id(run_id)
    return run is None or run.is_finished
