"""The table of contents: raw → staging → current → marts → sync/plan → product → snapshots, one step each.

A step calls its stage and says what came of it; every rule is in the stage. A step covers all assets of its layer,
because a step of its own for each would cost more than the work.
"""

from pathlib import Path

import dagster as dg
import duckdb

from roster_pipeline.clever import look_up_connection
from roster_pipeline.current.load import count_current, load_current
from roster_pipeline.current.tables import CURRENT_TABLES
from roster_pipeline.defs import describe, specs
from roster_pipeline.defs.checks import Results, name_district
from roster_pipeline.defs.failures import as_failure
from roster_pipeline.defs.outcome import trigger_of
from roster_pipeline.defs.partitions import HELD_TAG, districts
from roster_pipeline.defs.publishing import publishing
from roster_pipeline.defs.resources import DistrictSync
from roster_pipeline.defs.snapshots import WARNING, recorded
from roster_pipeline.delta.workspace import mark_published
from roster_pipeline.errors import PlanStale
from roster_pipeline.ingest import Asked, Reading, read_district
from roster_pipeline.land import read_landed
from roster_pipeline.land.preview import begin_preview
from roster_pipeline.model.feed import ResourceRead
from roster_pipeline.model.plan import PREVIEW, Plan
from roster_pipeline.model.text import label
from roster_pipeline.plan.build import build_plan, load_plan, load_verified_plan
from roster_pipeline.plan.impact import describe_reasons
from roster_pipeline.plan.summary import summarize
from roster_pipeline.product.connections import note_described
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.reconcile.diff import compute_diff
from roster_pipeline.snapshot import write_snapshot
from roster_pipeline.stage import run_models
from roster_pipeline.syncs.history import last_published, record_mode, usual_events
from roster_pipeline.syncs.holds import is_rejected, standing_of
from roster_pipeline.syncs.lifecycle import begin_sync, may_sync, organization_of, uid_of
from roster_pipeline.validate.quarantine import create_quarantine, quarantine, reject_foreign_ids
from roster_pipeline.validate.sql_tests import load_sql_tests, run_sql_test

MANY, FEW = 5, 20
"""So many times the usual number of events is worth a look, unless they are few all the same."""


class SyncConfig(dg.Config):
    """How the district is read.

    Attributes:
        mode: `full` reads every list to its end, `delta` and `auto` what Clever's events tell; or in full too, where
            those may not tell everything, and say why.
        preview: only look: no sync is begun, so nothing can be published from it.
    """

    mode: str = "auto"
    preview: bool = False


@dg.multi_asset(name="extract_and_land", specs=specs.RAW, check_specs=specs.RAW_CHECKS, partitions_def=districts)
@name_district
def raw(context: dg.AssetExecutionContext, config: SyncConfig, sync: DistrictSync) -> Results:
    """Read Clever's lists of the district to their ends, or the events since the last sync, and land them."""
    with as_failure():
        sync_id = _begin(context, config, sync)
        with sync.clever() as clever, sync.landing() as folder:
            look_up_connection(clever, sync.district_id, sync.product, sync.now())
            mode = "full" if sync_id == PREVIEW else config.mode
            reading = read_district(clever, _asked(sync, mode, sync_id, folder))
        context.log.info(f"A {reading.choice.mode} sync: {reading.choice.reason}.")
        if reading.events and reading.events.unknown:
            context.log.warning(f"Events that nobody here knows, passed over: {dict(reading.events.unknown)}.")
        events = reading.events.events if reading.events else None
        with sync.product() as pg:
            usual = usual_events(pg, organization_of(pg, sync.district_id))
        choice = reading.choice
        sync.write(lambda pg: record_mode(pg, sync_id, choice.mode, choice.reason, events))
        if not config.preview:
            sync.write(lambda pg: note_described(pg, reading.district))
        with sync.warehouse() as con:
            for read in reading.reads:
                yield from _raw_results(con, read, reading, sync_id)
        yield from _events_results(reading, usual)


def _asked(sync: DistrictSync, mode: str, sync_id: int, folder: Path) -> Asked:
    with sync.product() as pg:
        published = last_published(pg, organization_of(pg, sync.district_id))
        uid = uid_of(pg, sync_id) if sync_id != PREVIEW else ""
    return Asked(sync.district_id, sync_id, uid, mode, published, sync.files, folder, sync.api_version, sync.now())


def _raw_results(con: duckdb.DuckDBPyConnection, read: ResourceRead, reading: Reading, sync_id: int) -> Results:
    name = read.resource.name
    emptied = reading.landed.emptied if reading.landed else ()
    found: describe.Metadata = {
        "mode": reading.choice.mode,
        "why": reading.choice.reason,
        "pages": read.pages,
        "rejections": len(read.rejections),
        "sync_id": sync_id,
        "clever_state": label(reading.district.state),
        "events": reading.events.events if reading.events else 0,
        **({"missed_by_events": reading.drift[name]} if reading.drift is not None else {}),
    }
    described = describe.describe_table(con, "raw", name, is_delta=reading.landed is None)
    yield dg.MaterializeResult(asset_key=["raw", name], metadata=described | found)
    yield dg.AssetCheckResult(
        passed=name not in emptied,
        asset_key=dg.AssetKey(["raw", name]),
        check_name=specs.COMPLETE,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"pages": read.pages, "rows" if reading.landed else "changed": read.rows},
    )


def _events_results(reading: Reading, usual: float | None) -> Results:
    events, missed = reading.events.events if reading.events else 0, reading.drift or {}
    yield dg.AssetCheckResult(
        passed=not any(missed.values()),
        asset_key=dg.AssetKey(["raw", "sections"]),
        check_name=specs.EVENTS,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"measured": reading.drift is not None, "missed": sum(missed.values()), **missed},
    )
    yield dg.AssetCheckResult(
        passed=usual is None or events <= MANY * max(usual, FEW),
        asset_key=dg.AssetKey(["raw", "sections"]),
        check_name=specs.VOLUME,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"events": events, "usual": usual or 0},
    )


def _begin(context: dg.AssetExecutionContext, config: SyncConfig, sync: DistrictSync) -> int:
    trigger = trigger_of(context.run)
    if config.preview or not sync.is_whole:
        with sync.product() as pg:
            may_sync(pg, sync.district_id, trigger)
            begin_preview(sync.files, sync.district_id)
            return PREVIEW
    begun = {"dagster_run_id": context.run.run_id, "mode": config.mode, "trigger": trigger}
    return sync.write(lambda pg: begin_sync(pg, sync.district_id, at=sync.now(), **begun))


@dg.multi_asset(
    name="stage_and_validate",
    specs=specs.STAGING,
    check_specs=specs.CONTRACT_CHECKS,
    partitions_def=districts,
)
@name_district
def staging(sync: DistrictSync) -> Results:
    """Choose, rename and hold against contracts; rows that break one are set aside with the reason."""
    with as_failure(), sync.warehouse() as con:
        create_quarantine(con)
        for model, rows in run_models(con, specs.STAGING_MODELS):
            reasons = quarantine(con, model.name)
            broken = sum(reasons.values())
            yield dg.MaterializeResult(
                asset_key=model.key,
                metadata=describe.describe_model(con, model, rows - broken, is_delta=sync.is_delta)
                | {"quarantined": broken},
            )
            yield dg.AssetCheckResult(
                passed=not broken,
                asset_key=dg.AssetKey(model.key),
                check_name=specs.CONTRACT,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"quarantined": broken, "reasons": reasons},
            )


@dg.multi_asset(name="load_current", specs=specs.CURRENT, partitions_def=districts)
def current(sync: DistrictSync) -> Results:
    """Copy what the product has now, as far as this district is concerned, beside the feed."""
    with as_failure(), sync.warehouse() as con:
        with sync.product(one_view=True) as pg:
            load_current(con, pg, organization_of(pg, sync.district_id), is_delta=sync.is_delta)
        reject_foreign_ids(con)
        for table in CURRENT_TABLES:
            yield dg.MaterializeResult(
                asset_key=["current", table.name],
                metadata=describe.describe_table(con, "current", table.name, is_delta=sync.is_delta),
            )


@dg.multi_asset(name="reconcile", specs=specs.MODELS, check_specs=specs.TEST_CHECKS, partitions_def=districts)
@name_district
def marts(sync: DistrictSync) -> Results:
    """Decide who is who, and what the product's rows shall be; then test the whole."""
    with as_failure(), sync.warehouse() as con:
        for model, rows in run_models(con, specs.DECIDING_MODELS):
            described = describe.describe_model(con, model, rows, is_delta=sync.is_delta)
            yield dg.MaterializeResult(asset_key=model.key, metadata=described)
        for test in load_sql_tests():
            outcome = run_sql_test(con, test)
            yield dg.AssetCheckResult(
                passed=not outcome.guilty,
                asset_key=dg.AssetKey(test.table),
                check_name=test.name,
                severity=dg.AssetCheckSeverity.ERROR if test.stops else dg.AssetCheckSeverity.WARN,
                metadata={"rows": outcome.guilty, "clever_ids": list(outcome.sample)},
            )


@dg.multi_asset(name="plan", specs=[specs.PLAN], check_specs=[specs.THRESHOLDS_CHECK], partitions_def=districts)
@name_district
def plan(context: dg.AssetExecutionContext, sync: DistrictSync) -> Results:
    """Find the differences, hold what the brakes hold, and freeze the rest as one plan."""
    with as_failure(), sync.warehouse() as con:
        landed = read_landed(con)
        with sync.product() as pg:
            organization_id = organization_of(pg, sync.district_id)
            standing = standing_of(pg, organization_id, sync.now())
        compute_diff(con)
        made = build_plan(
            con,
            sync_id=landed.sync_id,
            sync_uid=landed.sync_uid,
            organization_id=organization_id,
            district_id=sync.district_id,
            emptied=landed.emptied,
            standing=standing,
            is_delta=sync.is_delta,
        )
        waits = made.held and made.held_digest not in standing.rejected
        if waits:
            context.instance.add_run_tags(context.run.run_id, {HELD_TAG: "true"})
        summary = summarize(con, made, is_rejected=made.held_digest in standing.rejected)
        yield dg.MaterializeResult(metadata={"summary": summary, "digest": made.digest, "changes": made.total})
        yield dg.AssetCheckResult(
            passed=not waits,
            check_name=specs.THRESHOLDS,
            severity=dg.AssetCheckSeverity.WARN,
            metadata=_what_waits(made),
        )


def _what_waits(made: Plan) -> describe.Metadata:
    """The total of what waits, the parts that sum to it, and the thresholds that were crossed."""
    if not made.held:
        return {}
    said = {"sentence": made.sentence} if made.sentence else {}
    return {**said, "waiting": sum(made.parts.values()), **made.parts, "because": describe_reasons(made.held)}


@dg.multi_asset(name="publish", specs=specs.PRODUCT, partitions_def=districts)
def product(sync: DistrictSync) -> Results:
    """Write the plan into the product, with its journal, in one transaction."""
    with as_failure(), sync.warehouse() as con:
        made, landed = load_verified_plan(con), read_landed(con)
        if made.sync_id == PREVIEW:
            raise PlanStale("This plan was made to be looked at. Run sync_roster to publish.")
        with sync.product() as pg:
            rejected = is_rejected(pg, made.organization_id, made.held_digest)
        sync.write(publishing(con, made, landed.district, sync.now, is_rejected=rejected))
        with sync.product() as pg:
            live = count_current(pg, made.organization_id)
            clock = describe.describe_clock(find_organization(pg, sync.district_id).clock)
        mark_published(con, made.sync_id, is_delta=sync.is_delta)
        for name, entities in specs.PRODUCT_ENTITIES.items():
            changes = describe.describe_changes({one: made.counts.get(one, {}) for one in entities})
            found: describe.Metadata = {describe.ROWS: live[name], **changes, **clock}
            yield dg.MaterializeResult(asset_key=["product", name], metadata=found)


@dg.multi_asset(name="snapshot", specs=[specs.SNAPSHOT], partitions_def=districts)
def snapshot(context: dg.AssetExecutionContext, sync: DistrictSync) -> Results:
    """Swap in what was published, with its history, for analysts."""
    warnings: list[str] = []
    with as_failure():
        with sync.warehouse() as con:
            made = load_plan(con)
        with recorded(sync, made.organization_id), sync.product(one_view=True) as pg:
            rows = write_snapshot(
                pg,
                sync.snapshots_folder,
                district_id=sync.district_id,
                organization_id=made.organization_id,
                sync_id=made.sync_id,
                at=sync.now(),
                warn=warnings.append,
            )
        for warning in warnings:
            context.log.warning(warning)
        noted: describe.Metadata = {WARNING: " ".join(warnings)} if warnings else {}
        yield dg.MaterializeResult(metadata={describe.ROWS: sum(rows.values()), **rows, **noted})


ASSETS = [raw, staging, current, marts, plan, product, snapshot]
