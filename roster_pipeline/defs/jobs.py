"""The jobs of one district: `sync_roster` publishes, and `plan_roster` ends with the plan.

All steps of a run share one process, because a process for each step would cost more than the step.
"""

import dagster as dg

from roster_pipeline.defs.freshness import every_district_is_fresh

FIRST_STEP = "extract_and_land"
"""The step whose configuration says how the district is read."""

sync_roster = dg.define_asset_job(
    "sync_roster",
    selection=dg.AssetSelection.all()
    - dg.AssetSelection.checks(every_district_is_fresh)
    - dg.AssetSelection.groups("snapshots"),
    executor_def=dg.in_process_executor,
    description="Syncs one district from Clever to the product.",
    tags={"team": "data-engineering"},
)

plan_roster = dg.define_asset_job(
    "plan_roster",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("product", "snapshots"),
    executor_def=dg.in_process_executor,
    config={"ops": {FIRST_STEP: {"config": {"preview": True}}}},
    description="Shows what a sync of one district would change. Nothing is written to the product.",
    tags={"team": "data-engineering"},
)
