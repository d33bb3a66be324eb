"""Assembles the code location from the definitions in `defs`. Arguments override resources."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from roster_pipeline.defs.alerts import failure_alerts, hold_alerts
from roster_pipeline.defs.assets import ASSETS
from roster_pipeline.defs.batch import sync_batch
from roster_pipeline.defs.freshness import every_district_is_fresh
from roster_pipeline.defs.jobs import plan_roster, sync_roster
from roster_pipeline.defs.preview_sensor import preview_requests
from roster_pipeline.defs.resources import DistrictSync, Product
from roster_pipeline.defs.retention import daily_erasure, daily_pruning, forget_on_time, prune_records
from roster_pipeline.defs.schedules import nightly
from roster_pipeline.defs.sensors import catch_up, district_partitions, refresh_requests
from roster_pipeline.defs.snapshot import latest, renew_job, snapshot_news


def build_definitions(overrides: Mapping[str, object] | None = None) -> dg.Definitions:
    """Return the code location. `overrides` replace resources by name."""
    return dg.Definitions(
        assets=[*ASSETS, latest],
        asset_checks=[every_district_is_fresh],
        jobs=[sync_roster, plan_roster, sync_batch, renew_job, forget_on_time, prune_records],
        schedules=[nightly, daily_erasure, daily_pruning],
        sensors=[
            *(district_partitions, refresh_requests, preview_requests, catch_up, snapshot_news),
            *(failure_alerts, hold_alerts),
        ],
        resources={"sync": DistrictSync(), "product": Product(), **(overrides or {})},
        executor=dg.in_process_executor,
    )


defs = build_definitions()
