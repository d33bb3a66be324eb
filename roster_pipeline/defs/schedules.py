"""When syncs start by themselves: every night, once the districts have uploaded. Who is due is `nightly`'s to say."""

from collections.abc import Iterator

import dagster as dg

from roster_pipeline.defs.batch import batch_request, sync_batch
from roster_pipeline.defs.resources import Product
from roster_pipeline.defs.runs import under_way
from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.schedule_policy import (
    EASTERN,
    EVENING,
    candidates,
    in_batches,
    in_words,
    last_evening,
    turn_of,
)


@dg.schedule(
    job_name=sync_batch.name,
    cron_schedule=f"{EVENING.minute} {EVENING.hour} * * *",
    execution_timezone=str(EASTERN),
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every active secure_sync district is read in full after 20:00 Eastern, the most stale first: Clever "
    "asks districts to upload by 19:00 because apps sync from 20:00 on. Small districts share a run, large ones have "
    "one of their own; two of these runs at once.",
)
def nightly(context: dg.ScheduleEvaluationContext, product: Product) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One request a batch; a second evaluation of one evening asks for nothing new.

    Evenings that passed while nobody was here are replayed one by one: only the last of them is still due.
    """
    evening, now = context.scheduled_execution_time, product.now()
    if last_evening(now) > evening:
        yield dg.SkipReason("A later night is due: what this one would read, that one reads.")
        return
    with transaction(product.engine()) as pg:
        turns = [turn_of(one, evening, now) for one in candidates(pg, now)]
        busy = under_way(context.instance)
        batches = in_batches(pg, [one.district for one in turns if one.due and one.district.district_id not in busy])
    context.log.info(f"{sum(map(len, batches))} districts in {len(batches)} runs; {in_words(turns)}.")
    if not batches:
        yield dg.SkipReason(f"No district of tier secure_sync is due: {len(busy)} under way, {in_words(turns)}.")
    for batch in batches:
        # By its first district: a tick that is taken up again leaves out who is under way, and would count anew.
        key = f"nightly/{evening.date().isoformat()}/{batch[0].district_id}"
        yield batch_request(batch, evening, run_key=key)
