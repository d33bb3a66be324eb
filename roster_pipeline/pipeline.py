"""One sync of one district, from Clever to the product: a function for each stage, in the order of `run_sync`.

Dagster's assets, the tests, the benchmarks and the fault injection call these functions. Each takes the sync's context
and returns what it did. The package of its name has the decisions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection

from roster_pipeline.clever import look_up_connection
from roster_pipeline.current.load import count_current
from roster_pipeline.current.load import load_current as copy_current
from roster_pipeline.delta.workspace import mark_published
from roster_pipeline.errors import FileDamaged, PlanStale, RosterError, is_interruption
from roster_pipeline.ingest import IngestRequest, ingest_district
from roster_pipeline.land import read_land_result
from roster_pipeline.land.preview import begin_preview
from roster_pipeline.messages import operator
from roster_pipeline.model.plan import PREVIEW_SYNC_ID, Plan
from roster_pipeline.plan.build import build_plan, has_sync_data, load_verified_plan
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.connections import note_described
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.publication import prepare_publication
from roster_pipeline.reconcile.diff import compute_diff
from roster_pipeline.snapshot import renew_snapshot
from roster_pipeline.stage import load_models, run_models
from roster_pipeline.sync_context import SyncContext, SyncRequest, hold_district
from roster_pipeline.sync_errors import failure_line, plain_errors
from roster_pipeline.sync_results import (
    IngestResult,
    PlanResult,
    PublishResult,
    ReconcileResult,
    StagedTable,
)
from roster_pipeline.syncs.history import count_usual_events, find_last_publication, record_mode
from roster_pipeline.syncs.holds import is_rejected, load_threshold_context
from roster_pipeline.syncs.library_move import move_from_library
from roster_pipeline.syncs.library_reviews import review_library_students
from roster_pipeline.syncs.lifecycle import (
    begin_sync,
    close_unpublished,
    find_organization_id,
    read_sync_state,
    read_sync_uid,
    require_syncable,
)
from roster_pipeline.syncs.reopen import DATA_GONE, build_refusal, find_reopenable, reopen_sync
from roster_pipeline.validate.quarantine import create_quarantine, quarantine, reject_foreign_ids
from roster_pipeline.validate.sql_tests import load_sql_tests, run_sql_test

STAGING_MODELS = tuple(model for model in load_models() if model.layer == "staging")
DECIDING_MODELS = tuple(model for model in load_models() if model.layer != "staging")
log = logging.getLogger(__name__)


def run_sync(request: SyncRequest, *, mode: str = "auto", with_snapshot: bool = True) -> Plan:
    """Sync one district in this process, and return the plan that was published.

    Args:
        mode: as in `ingest`.
        with_snapshot: bring the analysts' database up to date afterwards.

    Raises:
        RosterError: a stage failed, or the district may not be synced. The sync is recorded as failed.
        KeyboardInterrupt: the sync was stopped.
    """
    with plain_errors(), open_sync(request) as sync:
        ingest(sync, mode=mode)
        stage(sync)
        load_current(sync)
        reconcile(sync).refuse_failures()
        plan(sync)
        published = publish(sync).plan
    if with_snapshot:
        renew_snapshot(request.settings, request.product, at=request.now())
    return published


@contextmanager
def open_sync(request: SyncRequest, *, on_wait: Callable[[], None] = lambda: None) -> Iterator[SyncContext]:
    """Hold the district's lock, as `hold_district` does. At the end, close a sync that was not published."""
    with hold_district(request, on_wait=on_wait) as sync:
        try:
            yield sync
        except BaseException as error:
            is_stopped = not isinstance(error, Exception) or is_interruption(error)
            why = failure_line(error) if isinstance(error, Exception) else None
            close(sync, why=lambda: why, is_canceled=is_stopped and request.trigger == "cli")
            raise
        close(sync)


def ingest(sync: SyncContext, *, mode: str) -> IngestResult:
    """Begin the sync, and bring what Clever shares of the district into its DuckDB file.

    Args:
        mode: how to read Clever: `full`, `delta` or `auto`. A preview always reads in full.

    Raises:
        DistrictUnknown, TierRefused: the district may not be synced.
        SourceUnusable: Clever gave nothing that can be believed.
    """
    request = sync.request
    sync_id = _begin(sync, mode)
    sync.begin_step("extracting")
    with sync.read_product() as pg:
        organization_id = find_organization_id(pg, sync.district_id)
        published = find_last_publication(pg, organization_id)
        uid = read_sync_uid(pg, sync_id) if sync_id != PREVIEW_SYNC_ID else ""
        usual = count_usual_events(pg, organization_id)
    with sync.clever() as clever, sync.landing_folder() as folder:
        connection = look_up_connection(clever, sync.district_id, sync.read_product, sync.now())
        version, mode_used = sync.settings.clever_api_version, "full" if request.is_preview else mode
        how = IngestRequest(
            sync_id, uid, mode_used, published, folder, version, sync.now(), on_rows=sync.count_read_rows
        )
        district = ingest_district(connection, sync.session, how)
    events = district.events.events if district.events else None
    sync.write_product(lambda pg: record_mode(pg, sync_id, district.sync_mode.mode, district.sync_mode.reason, events))
    if not request.is_preview:
        sync.write_product(lambda pg: note_described(pg, district.district))
    return IngestResult(sync_id, district, usual)


def _begin(sync: SyncContext, mode: str) -> int:
    request = sync.request
    if request.is_preview:
        with sync.read_product() as pg:
            require_syncable(pg, sync.district_id, request.trigger)
        begin_preview(sync.settings.districts_folder, sync.district_id)
        return PREVIEW_SYNC_ID
    begin = partial(begin_sync, dagster_run_id=request.run_id, mode=mode, trigger=request.trigger)
    return sync.write_product(lambda pg: begin(pg, sync.district_id, at=sync.now()))


def stage(sync: SyncContext) -> tuple[StagedTable, ...]:
    """Build the staging tables, and move the rows that break a contract into quarantine."""
    sync.begin_step("checking")
    tables = []
    with sync.warehouse() as con:
        create_quarantine(con)
        for model, rows in run_models(con, STAGING_MODELS):
            reasons = quarantine(con, model.name)
            tables.append(StagedTable(model, rows - sum(reasons.values()), reasons))
    return tuple(tables)


def load_current(sync: SyncContext) -> None:
    """Copy what the product has of the district beside the staging tables.

    Before, people and classes of Clever Library move to the district, in a preview only for this comparison. Staged
    rows with the Clever id of another district go to quarantine.
    """
    sync.begin_step("comparing")
    with sync.warehouse() as con:
        sync_id = read_land_result(con).sync_id
        move = partial(move_from_library, con, district_id=sync.district_id, sync_id=sync_id, at=sync.now())
        if not sync.request.is_preview:
            sync.write_product(move)
        with sync.read_product(one_view=True) as pg, pg.begin_nested() as trial:
            if sync.request.is_preview:
                move(pg)
            copy_current(con, pg, find_organization_id(pg, sync.district_id), is_delta=sync.is_delta)
            trial.rollback()
        reject_foreign_ids(con)


def reconcile(sync: SyncContext) -> ReconcileResult:
    """Decide which rows the product shall have, and run every SQL test on the tables."""
    with sync.warehouse() as con:
        rows = list(run_models(con, DECIDING_MODELS))
        return ReconcileResult(rows, [(test, run_sql_test(con, test)) for test in load_sql_tests()])


def plan(sync: SyncContext) -> PlanResult:
    """Compare the desired rows with the current ones, and freeze the difference as a plan in the DuckDB file."""
    with sync.warehouse() as con:
        land_result = read_land_result(con)
        with sync.read_product() as pg:
            organization_id = find_organization_id(pg, sync.district_id)
            context = load_threshold_context(pg, organization_id, sync.now())
        compute_diff(con)
        built = build_plan(
            con,
            sync_id=land_result.sync_id,
            sync_uid=land_result.sync_uid,
            organization_id=organization_id,
            district_id=sync.district_id,
            emptied=land_result.emptied,
            context=replace(context, limits=sync.request.limits) if sync.request.limits else context,
            is_delta=sync.is_delta,
        )
    return PlanResult(built, built.held_digest in context.rejected)


def publish(sync: SyncContext) -> PublishResult:
    """Write the plan into the product with its journal and close the sync, in one transaction.

    Raises:
        PlanStale: the rows that the plan would change have moved since, or the plan was made for a preview.
        ProductBusy: another session kept its locks through every try.
    """
    sync.begin_step("saving")
    with sync.warehouse() as con:
        current_plan = load_verified_plan(con)
        if current_plan.sync_id == PREVIEW_SYNC_ID:
            raise PlanStale(operator.text("This plan was made for a preview. Run sync_roster to publish."))
        with sync.read_product() as pg:
            rejected = is_rejected(pg, current_plan)
        district = read_land_result(con).district
        sync.write_product(prepare_publication(con, current_plan, district, sync.now, is_rejected=rejected))
        if current_plan.account_id is None:
            # Not only after new links: a process that is killed here loses no review, because the next sync opens it.
            sync.write_product(lambda pg: review_library_students(pg, current_plan.organization_id, sync.now()))
        with sync.read_product() as pg:
            live = count_current(pg, current_plan.organization_id)
            freshness = find_organization(pg, sync.district_id).freshness
    _mark_published(sync, current_plan.sync_id)
    return PublishResult(current_plan, live, freshness)


def _mark_published(sync: SyncContext, sync_id: int) -> None:
    """Note in the district's file that the sync is published.

    The sync does not fail where the file is damaged, because the product has the changes already.
    """
    try:
        with sync.warehouse() as con:
            mark_published(con, sync_id, is_delta=sync.is_delta)
    except FileDamaged as damage:
        log.warning("%s", damage)


def close(sync: SyncContext, *, why: Callable[[], str | None] = lambda: None, is_canceled: bool = False) -> str | None:
    """Close the sync if it was begun and not published, and answer its requests.

    If the product database is away, the next sync of the district closes it. Return the state, if it is known.

    Args:
        why: gives the failure in one line. It is called only where there is a sync to close.
        is_canceled: a person stopped the sync.
    """
    run_id = sync.request.run_id

    def close_in(pg: Connection) -> str | None:
        close_unpublished(pg, run_id, sync.now(), why=why, is_canceled=is_canceled)
        return read_sync_state(pg, run_id)

    try:
        return write_product(sync.request.product, close_in)
    except RosterError as error:
        log.warning("%s The next sync of this district closes this one.", error)
        return None


def reopen(sync: SyncContext, *, repeated_runs: Sequence[str], needs_plan: bool) -> None:
    """Let the failed sync of an earlier run go on in this one. The next stage to call is the one that failed.

    Args:
        repeated_runs: the run ids of the failed sync.
        needs_plan: this run begins after `plan`, so the plan has to be kept too.

    Raises:
        PlanStale: the sync cannot be reopened, or what it had read is gone.
    """
    with sync.read_product() as pg:
        sync_id = find_reopenable(pg, sync.district_id, runs=repeated_runs, trigger=sync.request.trigger)
        with sync.warehouse() as con:
            if not has_sync_data(con, read_sync_uid(pg, sync_id), with_plan=needs_plan):
                raise build_refusal(DATA_GONE, sync=sync_id)
        reopen_sync(pg, sync_id, dagster_run_id=sync.request.run_id)
