"""The nightly schedule. `syncs.schedule_policy` decides which districts are due."""

from collections.abc import Iterator

import dagster as dg

from roster_pipeline.defs.batch import batch_request, sync_batch
from roster_pipeline.defs.resources import Product
from roster_pipeline.defs.runs import busy_districts
from roster_pipeline.model.text import count_noun
from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.schedule_policy import (
    EASTERN,
    EVENING,
    decide_night,
    describe_skipped,
    last_evening,
    list_candidates,
    split_into_batches,
)


@dg.schedule(
    job_name=sync_batch.name,
    cron_schedule=f"{EVENING.minute} {EVENING.hour} * * *",
    execution_timezone=str(EASTERN),
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Reads every active secure_sync district in full after 20:00 Eastern. The district whose last full "
    "read is oldest comes first. Clever asks districts to upload by 19:00, because apps sync from 20:00 on. Small "
    "districts share a run. A large district has a run of its own. Two of these runs work at once.",
)
def nightly(context: dg.ScheduleEvaluationContext, product: Product) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request one run for each batch of districts that are due this evening.

    A second evaluation of the same evening requests nothing new. After the daemon was down, Dagster evaluates each
    missed evening. Only the last one requests runs.
    """
    evening, now = context.scheduled_execution_time, product.now()
    if last_evening(now) > evening:
        yield dg.SkipReason("A later night is due: its full reads include everything that this one would read.")
        return
    with transaction(product.engine()) as pg:
        decisions = [decide_night(district, evening, now) for district in list_candidates(pg, now)]
        busy = busy_districts(context.instance)
        due = [
            decision.district for decision in decisions if decision.due and decision.district.district_id not in busy
        ]
        batches = split_into_batches(pg, due)
    districts, runs = count_noun(len(due), "district"), count_noun(len(batches), "run")
    context.log.info(f"{districts} in {runs}; {describe_skipped(decisions)}.")
    if not batches:
        yield dg.SkipReason(
            f"No district of tier secure_sync is due: {len(busy)} already queued or running, "
            f"{describe_skipped(decisions)}."
        )
    for batch in batches:
        # The key names the first district and not the batch's position. When Dagster repeats a tick, districts that
        # already run are left out, and the positions of the batches change.
        key = f"nightly/{evening.date().isoformat()}/{batch[0].district_id}"
        yield batch_request(batch, evening, run_key=key)
