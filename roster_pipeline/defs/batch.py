"""Many small districts in one process: each is a run of sync_roster, only the interpreter is started once for all."""

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
from roster_pipeline.product.database import transaction
from roster_pipeline.sync_errors import failure_line
from roster_pipeline.syncs.schedule_policy import Candidate, Turn, candidates, turn_of

NAMED = 20
"""How many districts a line names at most."""


class BatchConfig(dg.Config):
    """What a batch takes.

    Attributes:
        districts: Clever ids, in the order they are synced.
        evening: ISO time; who has been read in full since is passed over, so that a batch can be run again.
        mode: how each is read.
    """

    districts: list[str]
    evening: str
    mode: str = "full"


@dg.op(name=BATCH_STEP)
def sync_districts(context: dg.OpExecutionContext, config: BatchConfig, product: Product) -> None:
    """Sync one district after the other; one that fails does not stop the next, and what is held is no failure."""
    count = len(config.districts)
    tag_beginning(
        context.instance,
        context.run,
        context.run.tags.get(DISTRICT_TAG, "1 district" if count == 1 else f"{count} districts"),
    )
    job = context.repository_def.get_job(sync_roster.name)
    failed = sync_each(context.instance, job, product, config, batch=context.run, log=context.log)
    tag_outcome(context.instance, context.run, f"{len(failed) or 'none'} of {count} failed")
    if failed:
        named = ", ".join(failed[:NAMED]) + (", ..." if len(failed) > NAMED else "")
        raise dg.Failure(
            f"{len(failed)} of {count} districts failed: {named}. Each has a run that says why; "
            "they are tried again by themselves.",
            allow_retries=False,
        )


@dg.job(
    executor_def=dg.in_process_executor,
    description="Syncs many districts one after the other, each in a run of sync_roster of its own, for the start-up "
    "of one. It fails if one of them failed, after all had their turn.",
    tags={"team": "data-engineering"},
)
def sync_batch() -> None:
    """What the night starts, and what can be started again by hand: who has been read since is passed over."""
    sync_districts()


def batch_request(districts: Sequence[Candidate], evening: datetime, *, run_key: str | None = None) -> dg.RunRequest:
    """Ask for one batch, in the slots of the night."""
    name = districts[0].name if len(districts) == 1 else f"{len(districts)} districts"
    config = BatchConfig(districts=[one.district_id for one in districts], evening=evening.isoformat())
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
    """Sync those that are due still; returns the ids of those whose run failed.

    Args:
        job: sync_roster.
        batch: the run that the runs of the districts are a part of.
    """
    failed = []
    for district_id in config.districts:
        try:
            turn = _turn_now(product, district_id, config)
            if turn is None or not turn.due:
                skipped = (turn and turn.skipped) or "nothing is due any more"
                log.info(f"District {district_id} is passed over: {skipped}.")
                continue
            ended = _sync_one(instance, job, turn.district, config.mode, batch)
            log.info(f"District {district_id}: {ended.failure or 'synced'} (run {ended.run_id}).")
            if ended.failure:
                failed.append(district_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next district has no part in it
            if is_interruption(error):
                raise KeyboardInterrupt from None
            log.error(f"District {district_id}: {failure_line(error)}")
            failed.append(district_id)
    return failed


def _sync_one(
    instance: dg.DagsterInstance, job: dg.JobDefinition, district: Candidate, mode: str, batch: dg.DagsterRun
) -> Ended:
    add_partition(instance, district.district_id)
    return run_sync(
        instance,
        job,
        district.district_id,
        name=district.name,
        on_step=_nobody_looks,
        mode=mode,
        trigger="nightly",
        tags={BATCH_TAG: batch.run_id},
        beside=batch,
    )


def _turn_now(product: Product, district_id: str, config: BatchConfig) -> Turn | None:
    """Asked anew for each: the batch may have waited for long, and a person or another run have been faster."""
    with transaction(product.engine()) as pg:
        now = product.now()
        found = candidates(pg, now, [district_id])
    return turn_of(found[0], datetime.fromisoformat(config.evening), now) if found else None


def _nobody_looks(_asset: str, _metadata: Mapping[str, object]) -> None:
    """Progress is shown by the UI."""
