"""Builds the asset and check results of the lists and events that a sync read."""

from __future__ import annotations

import dagster as dg
import duckdb

from roster_pipeline.defs import describe, specs
from roster_pipeline.defs.checks import Results
from roster_pipeline.model.feed import ListFile
from roster_pipeline.model.text import make_label
from roster_pipeline.sync_results import IngestResult

UNUSUAL_FACTOR, FEW_EVENTS = 5, 20
"""The check of the event volume fails above `UNUSUAL_FACTOR` times the usual number of events. A usual number below
`FEW_EVENTS` counts as `FEW_EVENTS`."""


def yield_list_results(con: duckdb.DuckDBPyConnection, read: ListFile, result: IngestResult) -> Results:
    """Yield the materialization of one raw table, and the check that its list passes the completeness check."""
    name, district = read.resource.name, result.district
    emptied = district.land_result.emptied if district.land_result else ()
    facts: describe.Metadata = {
        "mode": district.sync_mode.mode,
        "why": district.sync_mode.reason,
        "pages": read.pages,
        "rejections": len(read.rejections),
        "sync_id": result.sync_id,
        "clever_state": make_label(district.district.state),
        "events": district.events.events if district.events else 0,
        **({"missed_by_events": district.drift[name]} if district.drift is not None else {}),
    }
    is_delta = district.land_result is None
    described = describe.describe_table(con, "raw", name, is_delta=is_delta) | facts
    yield describe.materialize_table(con, ("raw", name), described, is_delta=is_delta)
    yield dg.AssetCheckResult(
        passed=name not in emptied,
        asset_key=dg.AssetKey(["raw", name]),
        check_name=specs.COMPLETE,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"pages": read.pages, "rows" if district.land_result else "changed": read.rows},
    )


def yield_event_results(result: IngestResult) -> Results:
    """Yield the check that a full sync found no drift, and the check that the number of events is not unusual."""
    district, usual = result.district, result.usual_events
    events, missed = district.events.events if district.events else 0, district.drift or {}
    yield dg.AssetCheckResult(
        passed=not any(missed.values()),
        asset_key=dg.AssetKey(["raw", "sections"]),
        check_name=specs.EVENTS,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"measured": district.drift is not None, "missed": sum(missed.values()), **missed},
    )
    yield dg.AssetCheckResult(
        passed=usual is None or events <= UNUSUAL_FACTOR * max(usual, FEW_EVENTS),
        asset_key=dg.AssetKey(["raw", "sections"]),
        check_name=specs.VOLUME,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"events": events, "usual": usual or 0},
    )
