"""The daily jobs that erase what is older than its retention period: `forget_on_time` and `prune_records`.

`forget_on_time` erases data of people, and `prune_records` the records of Dagster.
"""

import dagster as dg

from roster_pipeline.defs.failures import as_failure
from roster_pipeline.defs.partitions import DISTRICT_TAG
from roster_pipeline.defs.resources import Product
from roster_pipeline.instance.eraser import build_eraser
from roster_pipeline.instance.record_pruning import prune_records as prune
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


@dg.op(description="Deletes Dagster's records that are older than their retention period, and that nobody needs.")
def delete_old_records(context: dg.OpExecutionContext, product: Product) -> None:
    """Delete the old records of Dagster, and record how many that were."""
    with as_failure():
        settings = read_settings()
        counts = prune(settings, read_policy(settings).start("dagster_records", product.now()))
        context.add_output_metadata({kind: dg.MetadataValue.int(count) for kind, count in counts.items()})


@dg.job(
    executor_def=dg.in_process_executor,
    description="Deletes old records of Dagster: runs with their events and check results, and ticks. The newest run "
    "of each outcome of a district and the newest materialization of each table stay (docs/privacy.md).",
    tags={"team": "data-engineering", DISTRICT_TAG: "all districts"},
)
def prune_records() -> None:
    delete_old_records()


daily_pruning = dg.ScheduleDefinition(
    name="daily_pruning",
    job=prune_records,
    cron_schedule="0 5 * * *",
    execution_timezone=str(EASTERN),
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Starts prune_records at 05:00 Eastern, after the night and before schools open.",
)
