"""The job sync_batch: many small districts in one process.

Each district is a run of sync_roster of its own. Only the start of the Python process is shared.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

import dagster as dg

from roster_pipeline.defs.jobs import sync_roster
from roster_pipeline.defs.launch import Ended, add_partition, run_sync
from roster_pipeline.defs.outcome import tag_beginning, tag_outcome
from roster_pipeline.defs.partitions import BATCH_TAG, DISTRICT_TAG, NIGHT, run_tags
from roster_pipeline.defs.resources import Product
from roster_pipeline.errors import is_interruption
from roster_pipeline.instance.run_districts import BATCH_STEP
from roster_pipeline.model.text import count_noun
from roster_pipeline.product.database import transaction
from roster_pipeline.sync_errors import failure_line
from roster_pipeline.syncs.schedule_policy import Candidate, NightDecision, decide_night, list_candidates

FAILED_DISTRICTS_NAMED = 20
"""How many failed districts the failure of a batch names at most."""


class BatchConfig(dg.Config):
    """The configuration of a batch.

    Attributes:
        districts: Clever ids of the districts, in the order in which they are synced.
        evening: an ISO time. Districts that were read in full since then are skipped, so a batch can be run again.
        mode: how each district is read: `full`, `delta` or `auto`.
    """

    districts: list[str]
    evening: str
    mode: str = "full"


@dg.op(name=BATCH_STEP)
def sync_districts(context: dg.OpExecutionContext, config: BatchConfig, product: Product) -> None:
    """Sync the districts one after the other.

    A district that fails does not stop the next one. A district with a hold is no failure.

    Raises:
        dagster.Failure: the sync of at least one district failed.
    """
    count = len(config.districts)
    tag_beginning(
        context.instance,
        context.run,
        context.run.tags.get(DISTRICT_TAG, count_noun(count, "district")),
    )
    job = context.repository_def.get_job(sync_roster.name)
    failed = sync_each(context.instance, job, product, config, batch=context.run, log=context.log)
    outcome = f"{len(failed)} of {count_noun(count, 'district')} failed" if failed else "no district failed"
    tag_outcome(context.instance, context.run, outcome)
    if failed:
        ids = ", ".join(failed[:FAILED_DISTRICTS_NAMED]) + (", ..." if len(failed) > FAILED_DISTRICTS_NAMED else "")
        raise dg.Failure(
            f"{outcome}: {ids}. Each district has a run that says why. The sensor catch_up tries them again.",
            allow_retries=False,
        )


@dg.job(
    executor_def=dg.in_process_executor,
    description="Syncs many districts one after the other in one process, each in a run of sync_roster of its own. "
    "If the sync of a district fails, the batch goes on with the next district and fails at its end.",
    tags={"team": "data-engineering"},
)
def sync_batch() -> None:
    """Sync a batch of districts. The nightly schedule starts it, and a person can start it again."""
    sync_districts()


def batch_request(districts: Sequence[Candidate], evening: datetime, *, run_key: str | None = None) -> dg.RunRequest:
    """Return the request for a run of one batch, which takes one of the slots for nightly runs."""
    name = districts[0].name if len(districts) == 1 else count_noun(len(districts), "district")
    config = BatchConfig(districts=[district.district_id for district in districts], evening=evening.isoformat())
    return dg.RunRequest(
        run_key=run_key,
        run_config=dg.RunConfig(ops={BATCH_STEP: config}),
        tags=run_tags("nightly", name) | NIGHT,
    )


def sync_each(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    product: Product,
    config: BatchConfig,
    *,
    batch: dg.DagsterRun,
    log: logging.Logger,
) -> list[str]:
    """Sync the districts of a batch that are still due.

    Args:
        instance: the Dagster instance of the batch.
        job: the job sync_roster.
        product: the product database.
        config: the configuration of the batch.
        batch: the run of the batch. The runs of the districts are tagged with its id.
        log: the log of the batch.

    Returns:
        The ids of the districts whose sync failed.

    Raises:
        KeyboardInterrupt: the batch was stopped.
    """
    failed = []
    for district_id in config.districts:
        try:
            decision = _decide_again(product, district_id, config)
            if decision is None or not decision.due:
                reason = (decision and decision.skipped) or "no longer due"
                log.info(f"District {district_id} is skipped: {reason}.")
                continue
            ended = _sync_district(instance, job, decision.district, config.mode, batch)
            log.info(f"District {district_id}: {ended.failure or 'synced'} (run {ended.run_id}).")
            if ended.failure:
                failed.append(district_id)
        except Exception as error:  # noqa: BLE001 - no error of one district may stop the next district
            if is_interruption(error):
                raise KeyboardInterrupt from None
            log.error(f"District {district_id}: {failure_line(error)}")
            failed.append(district_id)
    return failed


def _sync_district(
    instance: dg.DagsterInstance, job: dg.JobDefinition, district: Candidate, mode: str, batch: dg.DagsterRun
) -> Ended:
    """Sync one district in a run of its own, in this process."""
    add_partition(instance, district.district_id)
    return run_sync(
        instance,
        job,
        district.district_id,
        name=district.name,
        on_step=_ignore_progress,
        mode=mode,
        trigger="nightly",
        tags={BATCH_TAG: batch.run_id},
        parent=batch,
    )


def _decide_again(product: Product, district_id: str, config: BatchConfig) -> NightDecision | None:
    """Decide whether a district is still due. Return None if it is no candidate any more.

    The batch may have waited in the queue, and another run may have read the district since.
    """
    with transaction(product.engine()) as pg:
        now = product.now()
        districts = list_candidates(pg, now, [district_id])
    return decide_night(districts[0], datetime.fromisoformat(config.evening), now) if districts else None


def _ignore_progress(_asset: str, _metadata: Mapping[str, object]) -> None:
    """Print no progress. The Dagster UI shows it."""
