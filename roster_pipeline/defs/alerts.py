"""The sensors that send alerts about failing districts, open holds and failed snapshots.

`syncs.alerts` decides which alerts are due and sends them.

The sensors compare the present state of each district with the alerts that were sent. An alert that could not be sent
is therefore sent later. Dagster's own run failure sensor would lose it.
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
from roster_pipeline.model.text import count_noun
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import find_district_name
from roster_pipeline.settings import read_settings
from roster_pipeline.syncs.alert_messages import Kind
from roster_pipeline.syncs.alerts import record_unstarted, send_alerts

FIRST_PERIOD = timedelta(days=1)
"""The period whose runs the first tick of `failure_alerts` reads."""
UNSUCCESSFUL = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
TICK_OVERLAP = timedelta(minutes=5)
"""A run can become visible after the time of its end. A run that two ticks read is recorded once."""


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends one message when the syncs of a district begin to fail, and one when they have recovered. "
    "Runs that could not start count as failed syncs. The same holds for snapshots and for ended connections. "
    "Messages go to ROSTER_ALERT_WEBHOOK_URL, or to the log.",
)
def failure_alerts(context: dg.SensorEvaluationContext, product: Product) -> dg.SkipReason:
    """Send the alerts about failed syncs, ended connections and failed snapshots.

    Runs that failed before they opened a sync are recorded as failed syncs first. Runs without an outcome are tagged.
    """
    engine, now = product.engine(), datetime.now(UTC)
    _record_unstarted(context, engine, now)
    return _send_alerts(context, engine, now, "failing", "disconnected", "snapshot")


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends one message when changes of a district are on hold for approval, and one when none are any "
    "more. Messages go to ROSTER_ALERT_WEBHOOK_URL, or to the log.",
)
def hold_alerts(context: dg.SensorEvaluationContext, product: Product) -> dg.SkipReason:
    """Send the alerts about open holds."""
    return _send_alerts(context, product.engine(), datetime.now(UTC), "held")


def _send_alerts(context: dg.SensorEvaluationContext, engine: Engine, at: datetime, *kinds: Kind) -> dg.SkipReason:
    """Send the alerts of the given kinds to the webhook of the settings, or to the log."""
    webhook = read_settings().alert_webhook_url
    address = str(webhook.get_secret_value()) if webhook else None
    sent, waiting = send_alerts(engine, kinds, address, context.log, at)
    return dg.SkipReason(f"{count_noun(sent, 'alert')} sent, {waiting} waiting.")


def _record_unstarted(context: dg.SensorEvaluationContext, engine: Engine, now: datetime) -> None:
    """Record the runs that failed before they opened a sync, and tag the runs without an outcome."""
    last_tick = datetime.fromisoformat(context.cursor) if context.cursor else None
    since = trusted_time(last_tick, now) or now - FIRST_PERIOD
    unsuccessful = dg.RunsFilter(statuses=UNSUCCESSFUL, updated_after=since - TICK_OVERLAP)
    with transaction(engine) as pg:
        for record in context.instance.get_run_records(unsuccessful):
            run, district_id = record.dagster_run, record.dagster_run.tags.get(PARTITION_TAG)
            name = find_district_name(pg, district_id) or district_id if district_id else run.tags.get(DISTRICT_TAG)
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
