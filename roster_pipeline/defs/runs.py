"""Queries of Dagster's runs. Sensors and the schedule use them to start no second run for the same district."""

import dagster as dg

from roster_pipeline.defs.batch import sync_batch
from roster_pipeline.defs.jobs import sync_roster
from roster_pipeline.defs.partitions import PARTITION_TAG
from roster_pipeline.instance.run_districts import list_districts

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def districts_in_syncs(instance: dg.DagsterInstance) -> set[str]:
    """Return the districts with an unfinished run of sync_roster, queued or running."""
    runs = instance.get_runs(dg.RunsFilter(job_name=sync_roster.name, statuses=UNFINISHED))
    return {run.tags.get(PARTITION_TAG, "") for run in runs}


def districts_in_batches(instance: dg.DagsterInstance) -> set[str]:
    """Return the districts of every unfinished batch, including those that the batch has already synced."""
    batches = instance.get_runs(dg.RunsFilter(job_name=sync_batch.name, statuses=UNFINISHED))
    return {district_id for run in batches for district_id in list_districts(run)}


def busy_districts(instance: dg.DagsterInstance) -> set[str]:
    """Return the districts that an unfinished run includes. They need no other run now."""
    return districts_in_batches(instance) | districts_in_syncs(instance)


def was_canceled(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Return whether a person stopped the run, according to Dagster's record of it."""
    run = instance.get_run_by_id(run_id)
    return run is not None and run.status is dg.DagsterRunStatus.CANCELED


def is_over(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Return whether a run has ended. A run whose record was deleted counts as ended."""
    run = instance.get_run_by_id(run_id)
    return run is None or run.is_finished
