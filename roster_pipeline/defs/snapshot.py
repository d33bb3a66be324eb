"""The analysts' database in Dagster: the asset snapshots/latest, the job of a pass, and the sensor that starts it.

The asset has no partition. One pass brings in every district with news, and no sync waits for it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from roster_pipeline.defs import describe, specs
from roster_pipeline.defs.batch import sync_batch
from roster_pipeline.defs.failures import as_failure
from roster_pipeline.defs.partitions import DISTRICT_TAG
from roster_pipeline.defs.resources import Product
from roster_pipeline.defs.runs import UNFINISHED
from roster_pipeline.product.database import transaction
from roster_pipeline.settings import read_settings
from roster_pipeline.snapshot import SnapshotPass, has_news, read_mark, renew_snapshot

QUICK_PASS = timedelta(seconds=2)
"""A pass that takes less than this follows each sync at once."""
SLOW_PAUSE = timedelta(minutes=10)
"""The least time between two passes that take longer, and after a pass that failed."""
UP_TO_DATE = "The analysts' database is up to date."


@dg.multi_asset(name="snapshot", specs=[specs.SNAPSHOT])
def latest(context: dg.AssetExecutionContext, product: Product) -> Iterator[dg.MaterializeResult[None]]:
    """Bring the analysts' database up to date with every district."""
    with as_failure():
        settings, warn = read_settings(), context.log.warning
        result = renew_snapshot(settings, product.engine(), at=product.now(), warn=warn)
        yield dg.MaterializeResult(metadata=describe_pass(result))


renew_job = dg.define_asset_job(
    "renew_snapshot",
    selection=dg.AssetSelection.assets(latest),
    executor_def=dg.in_process_executor,
    description="Brings the analysts' database up to date with every district that has news.",
    tags={"team": "data-engineering", DISTRICT_TAG: "all districts"},
)


@dg.sensor(
    job=renew_job,
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a pass over the analysts' database when a sync or a decision is not in it yet. It starts at "
    "once if the last pass took less than 2 seconds, else 10 minutes after it or at the end of the night.",
)
def snapshot_news(context: dg.SensorEvaluationContext, product: Product) -> dg.RunRequest | dg.SkipReason:
    """Request a pass if there is news and a pass is due. At most one pass is unfinished."""
    if not _is_due(context.instance, product.now()):
        return dg.SkipReason("A pass is unfinished, or the last one was slow or failed less than 10 minutes ago.")
    settings, engine = read_settings(), product.engine()
    with transaction(engine) as pg:
        mark = read_mark(settings, pg)
    if mark == context.cursor:  # nothing has happened since there was no news
        return dg.SkipReason(UP_TO_DATE)
    if not has_news(settings, engine):
        context.update_cursor(mark)
        return dg.SkipReason(UP_TO_DATE)
    return dg.RunRequest()


def _is_due(instance: dg.DagsterInstance, now: datetime) -> bool:
    """Return whether the next pass may start."""
    last = next(iter(instance.get_run_records(dg.RunsFilter(job_name=renew_job.name), limit=1)), None)
    if last is None:
        return True
    if last.dagster_run.status in UNFINISHED:
        return False
    ended = datetime.fromtimestamp(last.end_time, UTC) if last.end_time else last.update_timestamp
    return _was_quick(last) or now - ended >= SLOW_PAUSE or _is_night_over(instance, last.create_timestamp.timestamp())


def _was_quick(last: dg.RunRecord) -> bool:
    if not last.dagster_run.is_success or last.start_time is None or last.end_time is None:
        return False
    return last.end_time - last.start_time < QUICK_PASS.total_seconds()


def _is_night_over(instance: dg.DagsterInstance, since: float) -> bool:
    """Return whether the last batch of a night ended after a time, and no other is unfinished."""
    batches = instance.get_run_records(dg.RunsFilter(job_name=sync_batch.name), limit=1)
    unfinished = instance.get_runs_count(dg.RunsFilter(job_name=sync_batch.name, statuses=UNFINISHED))
    return not unfinished and any(batch.end_time and batch.end_time > since for batch in batches)


def describe_pass(result: SnapshotPass) -> describe.Metadata:
    """Return what a pass did: the rows of each table, and the number of districts with news."""
    warnings: describe.Metadata = {describe.WARNING: " ".join(result.warnings)} if result.warnings else {}
    rows = dict(result.rows)
    return {"dagster/row_count": sum(rows.values()), **rows, "renewed": len(result.organization_ids), **warnings}


def report_pass(instance: dg.DagsterInstance, result: SnapshotPass) -> None:
    """Record a pass that a command made, so that the Dagster UI shows it like one of a run."""
    metadata = describe_pass(result)
    instance.report_runless_asset_event(dg.AssetMaterialization(specs.SNAPSHOT.key, metadata=metadata))
