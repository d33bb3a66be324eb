"""The assets of one district: raw, staging, current, marts, sync/plan and product, one step each.

A step calls its stage in `pipeline`, describes the result for the Dagster UI and yields it. A step covers all assets of
its layer, because Dagster's work for a step takes longer than the stage itself.
"""

import dagster as dg

from roster_pipeline import pipeline
from roster_pipeline.current.tables import CURRENT_TABLES
from roster_pipeline.defs import describe, ingest_results, specs
from roster_pipeline.defs.checks import Results, with_district
from roster_pipeline.defs.failures import as_failure
from roster_pipeline.defs.partitions import HELD_TAG, districts
from roster_pipeline.defs.resources import DistrictSync


class SyncConfig(dg.Config):
    """How the district is read.

    Attributes:
        mode: `full` reads every list to its end. `delta` and `auto` read what Clever's events say has changed, or every
            list where the events may have missed something; the run then says why.
        preview: plan only. The run works on a copy of the district's file, records no sync and publishes nothing.
    """

    mode: str = "auto"
    preview: bool = False


@dg.multi_asset(name="extract_and_land", specs=specs.RAW, check_specs=specs.RAW_CHECKS, partitions_def=districts)
@with_district
def raw(context: dg.AssetExecutionContext, config: SyncConfig, sync: DistrictSync) -> Results:
    """Read Clever's lists of the district to their ends, or the events since the last sync, and load them."""
    with as_failure():
        result = pipeline.ingest(sync.context, mode=config.mode)
        context.log.info(f"{result.district.sync_mode.mode.capitalize()} sync: {result.district.sync_mode.reason}.")
        if result.district.events and result.district.events.unknown_types:
            context.log.warning(f"Events of unknown types were ignored: {dict(result.district.events.unknown_types)}.")
        with sync.context.warehouse() as con:
            for read in result.district.reads:
                yield from ingest_results.yield_list_results(con, read, result)
        yield from ingest_results.yield_event_results(result)


@dg.multi_asset(
    name="stage_and_validate",
    specs=specs.STAGING,
    check_specs=specs.CONTRACT_CHECKS,
    partitions_def=districts,
)
@with_district
def staging(sync: DistrictSync) -> Results:
    """Select and rename columns, and check each row against its contract; rows that break one go to quarantine."""
    with as_failure(), sync.context.warehouse() as con:
        for table in pipeline.stage(sync.context):
            quarantined = sum(table.quarantined.values())
            is_delta = sync.context.is_delta
            described = describe.describe_model(con, table.model, table.rows, is_delta=is_delta)
            described |= {"quarantined": quarantined}
            yield describe.materialize_table(con, table.model.key, described, is_delta=is_delta)
            yield dg.AssetCheckResult(
                passed=not quarantined,
                asset_key=dg.AssetKey(table.model.key),
                check_name=specs.CONTRACT,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"quarantined": quarantined, "reasons": dict(table.quarantined)},
            )


@dg.multi_asset(name="load_current", specs=specs.CURRENT, partitions_def=districts)
def current(sync: DistrictSync) -> Results:
    """Copy what the product has of this district beside the staging tables."""
    with as_failure(), sync.context.warehouse() as con:
        pipeline.load_current(sync.context)
        is_delta = sync.context.is_delta
        for table in CURRENT_TABLES:
            described = describe.describe_table(con, "current", table.name, is_delta=is_delta)
            yield describe.materialize_table(con, ("current", table.name), described, is_delta=is_delta)


@dg.multi_asset(name="reconcile", specs=specs.MODELS, check_specs=specs.TEST_CHECKS, partitions_def=districts)
@with_district
def marts(sync: DistrictSync) -> Results:
    """Match people to accounts, decide which rows the product shall have, and run every SQL test."""
    with as_failure(), sync.context.warehouse() as con:
        result = pipeline.reconcile(sync.context)
        is_delta = sync.context.is_delta
        for model, rows in result.rows:
            described = describe.describe_model(con, model, rows, is_delta=is_delta)
            yield describe.materialize_table(con, model.key, described, is_delta=is_delta)
        for test, outcome in result.tests:
            yield dg.AssetCheckResult(
                passed=not outcome.guilty,
                asset_key=dg.AssetKey(test.table),
                check_name=test.name,
                severity=dg.AssetCheckSeverity.ERROR if test.stops else dg.AssetCheckSeverity.WARN,
                metadata={"rows": outcome.guilty, "clever_ids": list(outcome.sample)},
            )


@dg.multi_asset(name="plan", specs=[specs.PLAN], check_specs=[specs.THRESHOLDS_CHECK], partitions_def=districts)
@with_district
def plan(context: dg.AssetExecutionContext, sync: DistrictSync) -> Results:
    """Compare desired and current rows, hold removals above a threshold, and freeze the rest as one plan."""
    with as_failure(), sync.context.warehouse() as con:
        result = pipeline.plan(sync.context)
        if result.has_open_hold:
            context.instance.add_run_tags(context.run.run_id, {HELD_TAG: "true"})
        yield dg.MaterializeResult(metadata=describe.describe_plan(con, result))
        yield dg.AssetCheckResult(
            passed=not result.has_open_hold,
            check_name=specs.THRESHOLDS,
            severity=dg.AssetCheckSeverity.WARN,
            metadata=describe.describe_holds(result.plan),
        )


@dg.multi_asset(name="publish", specs=specs.PRODUCT, partitions_def=districts)
def product(sync: DistrictSync) -> Results:
    """Write the plan into the product with its journal, in one transaction."""
    with as_failure():
        result = pipeline.publish(sync.context)
        freshness = describe.describe_freshness(result.freshness)
        for name, entities in specs.PRODUCT_ENTITIES.items():
            changes = describe.describe_changes({entity: result.plan.counts.get(entity, {}) for entity in entities})
            yield dg.MaterializeResult(
                asset_key=["product", name], metadata={describe.ROWS: result.live[name], **changes, **freshness}
            )


ASSETS = [raw, staging, current, marts, plan, product]
