"""The jobs: everything for one district, or everything up to the plan. In one process: one a step costs more."""

import dagster as dg

from roster_pipeline.defs.freshness import every_district_is_fresh

FIRST_STEP = "extract_and_land"
"""The step that is told how the district is read."""

sync_roster = dg.define_asset_job(
    "sync_roster",
    selection=dg.AssetSelection.all() - dg.AssetSelection.checks(every_district_is_fresh),
    executor_def=dg.in_process_executor,
    description="Syncs one district from Clever to the product, and updates the analysts' database.",
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
