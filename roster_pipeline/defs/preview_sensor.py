"""The sensor that starts previews for the fix list of the Clever page."""

from collections.abc import Iterator

import dagster as dg

from roster_pipeline.defs.failures import failure_of_run
from roster_pipeline.defs.jobs import plan_roster
from roster_pipeline.defs.partitions import DISTRICTS, URGENT, run_tags
from roster_pipeline.defs.resources import Product
from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.preview_requests import answer_preview, begin_preview, list_open_previews

RUN_KEY_TAG = "dagster/run_key"
"""Dagster's own tag of a run with a run key."""
ANSWERS = {dg.DagsterRunStatus.SUCCESS: "published", dg.DagsterRunStatus.CANCELED: "canceled"}


@dg.sensor(
    job=plan_roster,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a preview for each request of a district admin for a fix list, and answers the request when "
    "the preview has ended.",
)
def preview_requests(context: dg.SensorEvaluationContext, product: Product) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request one run for each request without a run, and answer those whose run has ended.

    The run key of a request is its number, so Dagster never starts a second run for it.
    """
    instance, started = context.instance, 0
    with transaction(product.engine()) as pg:
        for request in list_open_previews(pg):
            key = f"preview-{request.id}"
            filters = dg.RunsFilter(job_name=plan_roster.name, tags={RUN_KEY_TAG: key})
            run = next(iter(instance.get_runs(filters, limit=1)), None)
            if run is None:
                begin_preview(pg, request.id, product.now())
                instance.add_dynamic_partitions(DISTRICTS, [request.district_id])
                tags = run_tags("manual", request.district_name) | URGENT
                yield dg.RunRequest(run_key=key, partition_key=request.district_id, tags=tags)
                started += 1
            elif run.is_finished:
                failure = failure_of_run(instance, run.run_id)
                state = ANSWERS.get(run.status, "failed")
                answer_preview(pg, request.id, state, product.now(), failure[0] if failure else None)
    if not started:
        yield dg.SkipReason("No request for a fix list is waiting for a run.")
