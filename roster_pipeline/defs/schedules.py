"""When syncs start by themselves: every night, once the districts have uploaded."""

from collections.abc import Iterator

import dagster as dg

from roster_pipeline.defs.jobs import sync_roster
from roster_pipeline.defs.partitions import DISTRICTS, run_tags
from roster_pipeline.defs.resources import Product
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import nightly_organizations


@dg.schedule(
    job=sync_roster,
    cron_schedule="30 20 * * *",
    execution_timezone="America/New_York",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every active secure_sync district, after 20:00 Eastern: Clever asks districts to upload by 19:00 "
    "because apps sync from 20:00 on.",
)
def nightly(context: dg.ScheduleEvaluationContext, product: Product) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run a district; a second evaluation of one evening asks for nothing new."""
    evening = context.scheduled_execution_time.date().isoformat()
    with transaction(product.engine()) as pg:
        chosen = nightly_organizations(pg)
    if not chosen:
        yield dg.SkipReason("No active district of tier secure_sync is connected.")
        return
    context.instance.add_dynamic_partitions(DISTRICTS, [one.district_id for one in chosen])
    for one in chosen:
        yield dg.RunRequest(
            run_key=f"nightly/{evening}/{one.district_id}",
            partition_key=one.district_id,
            tags=run_tags("nightly", one.name),
        )
