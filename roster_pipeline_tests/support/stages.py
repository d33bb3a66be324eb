"""A sync stage by stage, in the order of `defs/assets.py`, without Dagster: for tests that are about the stages, and to
measure what of a sync is ours. That both ways end alike is a test of its own, in `test_properties`."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from roster_pipeline.clever import clever_access
from roster_pipeline.current.load import load_current
from roster_pipeline.defs.publishing import publishing
from roster_pipeline.defs.specs import DECIDING_MODELS, STAGING_MODELS
from roster_pipeline.delta.workspace import mark_published
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.ingest import Asked, read_district
from roster_pipeline.land import open_warehouse, read_landed
from roster_pipeline.land.warehouse import discard_workspace, open_workspace
from roster_pipeline.plan.build import build_plan
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import transaction
from roster_pipeline.reconcile.diff import compute_diff
from roster_pipeline.snapshot import write_snapshot
from roster_pipeline.stage import run_models
from roster_pipeline.syncs.history import last_published, record_mode
from roster_pipeline.syncs.holds import standing_of
from roster_pipeline.syncs.lifecycle import begin_sync, organization_of, uid_of
from roster_pipeline.validate.quarantine import create_quarantine, quarantine, reject_foreign_ids


def sync_by_stages(
    settings, product, district_id, *, mode="full", limits=None, snapshot=False, took=None, patience=None
):
    """Sync one district; returns the plan that was published.

    Args:
        limits: of the brakes, instead of the organization's own.
        snapshot: whether one is left too.
        patience: beside other sessions of the product database, instead of the usual one.
        took: a dict that the seconds of each stage are added to.
    """
    took = {} if took is None else took
    files = settings.districts_folder
    discard_workspace(files, district_id)
    with _timed(took, "read and land"):
        reading = bring_in(settings, product, district_id, mode)
    is_delta = reading.landed is None
    with (open_workspace if is_delta else open_warehouse)(files, district_id) as con:
        with _timed(took, "decide"):
            decide(con, product, district_id, is_delta=is_delta)
        with _timed(took, "plan and publish"):
            plan = _publish(con, product, district_id, limits, patience, is_delta=is_delta)
        with _timed(took, "fold in"):
            mark_published(con, plan.sync_id, is_delta=is_delta)
    discard_workspace(files, district_id)
    if snapshot:
        with _timed(took, "snapshot"):
            leave_snapshot(product, settings, plan)
    return plan


@contextmanager
def _timed(took, stage):
    began = perf_counter()
    yield
    took[stage] = took.get(stage, 0.0) + perf_counter() - began


def bring_in(settings, product, district_id, mode="full"):
    """Begin a sync, and read and land the district; gives the reading."""
    with transaction(product) as pg:
        published = last_published(pg, organization_of(pg, district_id))
        sync_id = begin_sync(pg, district_id, dagster_run_id="none", mode=mode, trigger="cli", at=datetime.now(UTC))
        uid = uid_of(pg, sync_id)
    with CleverClient(clever_access(settings)) as client, TemporaryDirectory() as folder:
        version, files = settings.clever_api_version, settings.districts_folder
        asked = Asked(district_id, sync_id, uid, mode, published, files, Path(folder), version, datetime.now(UTC))
        reading = read_district(client, asked)
    with transaction(product) as pg:
        record_mode(pg, sync_id, reading.choice.mode, reading.choice.reason)
    return reading


def decide(con, product, district_id, *, is_delta=False):
    """From raw tables to differences."""
    create_quarantine(con)
    for model, _ in run_models(con, STAGING_MODELS):
        quarantine(con, model.name)
    with transaction(product) as pg:
        load_current(con, pg, organization_of(pg, district_id), is_delta=is_delta)
    reject_foreign_ids(con)
    list(run_models(con, DECIDING_MODELS))
    compute_diff(con)


def _publish(con, product, district_id, limits, patience, *, is_delta):
    landed = read_landed(con)
    with transaction(product) as pg:
        organization_id = organization_of(pg, district_id)
        standing = standing_of(pg, organization_id, datetime.now(UTC))
    plan = build_plan(
        con,
        sync_id=landed.sync_id,
        sync_uid=landed.sync_uid,
        organization_id=organization_id,
        district_id=district_id,
        emptied=landed.emptied,
        standing=replace(standing, limits=limits) if limits else standing,
        is_delta=is_delta,
    )
    rejected = plan.held_digest in standing.rejected
    work = publishing(con, plan, landed.district, partial(datetime.now, UTC), is_rejected=rejected)
    write_product(product, work, patience)
    return plan


def leave_snapshot(product, settings, plan):
    """Bring the analysts' file to where the plan brought the product."""
    with transaction(product) as pg:
        write_snapshot(
            pg,
            settings.snapshots_folder,
            district_id=plan.district_id,
            organization_id=plan.organization_id,
            sync_id=plan.sync_id,
            at=datetime.now(UTC),
        )
