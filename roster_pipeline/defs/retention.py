"""The job `forget_on_time` and its daily schedule, which erase what is older than its retention period."""

import dagster as dg

from roster_pipeline.defs.failures import as_failure
from roster_pipeline.defs.partitions import DISTRICT_TAG
from roster_pipeline.defs.resources import Product
from roster_pipeline.instance.eraser import build_eraser
from roster_pipeline.privacy.policy import read_policy
from roster_pipeline.privacy.retention import erase_expired
from roster_pipeline.settings import read_settings
from roster_pipeline.syncs.schedule_policy import EASTERN

ERASED_BY = "retention"


@dg.op(description="Erases what is older than its retention period, and finishes the erasures that were killed.")
def erase_what_expired(context: dg.OpExecutionContext, product: Product) -> None:
    """Erase what is older than its retention period, and record how much that was."""
    with as_failure():
        settings = read_settings()
        counts = erase_expired(build_eraser(settings, ERASED_BY, product.now), read_policy(settings))
        context.add_output_metadata({kind: dg.MetadataValue.int(count) for kind, count in counts.items()})


@dg.job(
    executor_def=dg.in_process_executor,
    description="Erases what is older than its retention period (docs/privacy.md).",
    tags={"team": "data-engineering", DISTRICT_TAG: "all districts"},
)
def forget_on_time() -> None:
    erase_what_expired()


# The erasure removes the files of some districts. The night, which begins at 20:00, reads every district in full.
daily_erasure = dg.ScheduleDefinition(
    name="daily_erasure",
    job=forget_on_time,
    cron_schedule="30 18 * * *",
    execution_timezone=str(EASTERN),
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Starts forget_on_time at 18:30 Eastern, before the night reads every district in full.",
)
