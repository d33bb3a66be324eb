"""The sensors that tell which districts fail, wait for a person, or are old in the analysts' file.

What is told, and how, is `roster_pipeline.syncs.alerts`.

They look at what is, and not at what happened: Dagster's own run failure sensor forgets a run whose message failed.
"""

from datetime import UTC, datetime, timedelta

import dagster as dg
from sqlalchemy import Engine

from roster_pipeline.defs.failures import failure_of_run
from roster_pipeline.defs.jobs import sync_roster
from roster_pipeline.defs.outcome import tag_ended, trigger_of
from roster_pipeline.defs.partitions import DISTRICT_TAG, PARTITION_TAG
from roster_pipeline.defs.resources import Product
from roster_pipeline.defs.selection import selection_of
from roster_pipeline.model.clock import trusted_time
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import name_of
from roster_pipeline.settings import read_settings
from roster_pipeline.syncs.alerts import Kind, record_unstarted, tell

FIRST_LOOK = timedelta(days=1)
UNSUCCESSFUL = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
OVERLAP = timedelta(minutes=5)
"""A run's end can be seen a little after the time it bears; seeing it twice changes nothing."""


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="One message when a district's syncs begin to fail and one when they work again, however many fail "
    "between: to ROSTER_ALERT_WEBHOOK_URL, or to the log. Runs that could not start count. The same for snapshots.",
)
def failure_alerts(context: dg.SensorEvaluationContext, product: Product) -> dg.SkipReason:
    """Look at the last sync of each district, at the runs that never came to one, and at the last snapshot.

    Runs whose process could not say how they ended are tagged.
    """
    engine, now = product.engine(), datetime.now(UTC)
    _record_unstarted(context, engine, now)
    return _tell(context, engine, now, "failing", "disconnected", "snapshot")


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="One message when a plan of a district begins to wait for a person and one when none waits any more, "
    "whichever plans took its place between: to ROSTER_ALERT_WEBHOOK_URL, or to the log.",
)
def hold_alerts(context: dg.SensorEvaluationContext, product: Product) -> dg.SkipReason:
    """Look at the open holds of each district."""
    return _tell(context, product.engine(), datetime.now(UTC), "held")


def _tell(context: dg.SensorEvaluationContext, engine: Engine, at: datetime, *kinds: Kind) -> dg.SkipReason:
    webhook = read_settings().alert_webhook_url
    address = str(webhook.get_secret_value()) if webhook else None
    told, waiting = tell(engine, kinds, address, context.log, at)
    return dg.SkipReason(f"{told} changes told, {waiting} wait.")


def _record_unstarted(context: dg.SensorEvaluationContext, engine: Engine, now: datetime) -> None:
    last_look = datetime.fromisoformat(context.cursor) if context.cursor else None
    since = trusted_time(last_look, now) or now - FIRST_LOOK
    unsuccessful = dg.RunsFilter(statuses=UNSUCCESSFUL, updated_after=since - OVERLAP)
    with transaction(engine) as pg:
        for record in context.instance.get_run_records(unsuccessful):
            run, district_id = record.dagster_run, record.dagster_run.tags.get(PARTITION_TAG)
            name = name_of(pg, district_id) or district_id if district_id else run.tags.get(DISTRICT_TAG)
            tag_ended(context.instance, run, name or "all districts")
            has_failed = run.job_name == sync_roster.name and run.status is dg.DagsterRunStatus.FAILURE
            if not has_failed or not selection_of(run).is_whole:
                continue
            failure = failure_of_run(context.instance, run.run_id)
            ended = datetime.fromtimestamp(record.end_time, UTC) if record.end_time else record.update_timestamp
            record_unstarted(
                pg,
                district_id or "",
                run_id=run.run_id,
                trigger=trigger_of(run),
                at=ended,
                now=now,
                failure=failure and failure[0],
            )
    context.update_cursor(now.isoformat())
