"""Which assets and checks there are, what people read about them, and what each is made from. No work is done here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dagster as dg

from roster_pipeline.current.tables import CURRENT_TABLES
from roster_pipeline.defs.describe import OWNERS
from roster_pipeline.model.entities import ENTITIES
from roster_pipeline.model.resources import RESOURCES
from roster_pipeline.pipeline import DECIDING_MODELS, STAGING_MODELS
from roster_pipeline.stage import Model, load_models
from roster_pipeline.syncs.schedule_policy import LATE
from roster_pipeline.validate.sql_tests import SqlTest, load_sql_tests

COMPLETE, EVENTS, VOLUME, CONTRACT, THRESHOLDS = "complete", "events_told_all", "event_volume", "contract", "thresholds"
REJECTED = ("raw", "rejected")
"""What could not be read of any list; it is no asset of its own."""


def _table(schema: str, name: str) -> dict[str, Any]:
    """By which name people find a table: in the district's DuckDB file, or in PostgreSQL."""
    return {"dagster/table_name": f"{schema}.{name}"}


RAW = [
    dg.AssetSpec(
        ["raw", resource.name],
        description=f"Clever's {resource.name} as the district shares them now; only fields the product uses.",
        metadata=_table("raw", resource.name),
        group_name="raw",
        kinds={"clever", "duckdb"},
        owners=OWNERS,
    )
    for resource in RESOURCES
]
RAW_CHECKS = [
    dg.AssetCheckSpec(
        COMPLETE,
        asset=spec.key,
        description="Read to its end, and not empty while it was not before; otherwise absence proves nothing and "
        "nothing is removed for it.",
    )
    for spec in RAW
] + [
    dg.AssetCheckSpec(
        EVENTS,
        asset=["raw", "sections"],
        description="A full read finds what Clever's events had told since the read before. Where they had missed "
        "something, this read mends it, and events are not trusted until a full read finds nothing missed. How much "
        "they missed of each list is plotted with the list: missed_by_events.",
    ),
    dg.AssetCheckSpec(
        VOLUME,
        asset=["raw", "sections"],
        description="Fails, without stopping anything, when Clever told five times as many events as in the last ten "
        "delta syncs: a new sharing rule, or a mistake in the district's upload.",
    ),
]


def _assets_read(model: Model) -> set[tuple[str, str]]:
    """The assets behind the tables that a model reads."""
    of_all_lists = {("raw", resource.name) for resource in RESOURCES}
    return set(model.reads - {REJECTED}) | (of_all_lists if REJECTED in model.reads else set())


def _model_spec(model: Model, kinds: set[str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        list(model.key),
        deps=[dg.AssetKey(list(source)) for source in sorted(_assets_read(model))],
        description=f"{model.description}\n\n```sql\n{model.statement}\n```",
        metadata=_table(*model.key)
        | {"sql_file": dg.MetadataValue.path(f"dbt_like_sql/{model.layer}/{model.name}.sql")},
        group_name=model.layer,
        kinds=kinds,
        owners=OWNERS,
    )


STAGING = [_model_spec(model, {"sql", "duckdb", "pandera"}) for model in STAGING_MODELS]
CONTRACT_CHECKS = [
    dg.AssetCheckSpec(
        CONTRACT,
        asset=spec.key,
        description="Rows that break the contract of the table are in quarantine.records, each with the reason.",
    )
    for spec in STAGING
]
CURRENT = [
    dg.AssetSpec(
        ["current", table.name],
        deps=[["staging", "stg_teachers"], ["staging", "stg_students"]],
        description=table.description,
        metadata=_table("current", table.name),
        group_name="current",
        kinds={"postgres", "duckdb"},
        owners=OWNERS,
    )
    for table in CURRENT_TABLES
]
MODELS = [_model_spec(model, {"sql", "duckdb"}) for model in DECIDING_MODELS]


def _test_spec(test: SqlTest) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(test.name, asset=list(test.table), description=test.description, blocking=test.stops)


TEST_CHECKS = [_test_spec(test) for test in load_sql_tests()]
COMPARED_ONLY = [
    one.name for one in ENTITIES if not any(("current", one.name) in model.reads for model in load_models())
]
"""Tables that no model reads. The others come to the plan through the models, and need no line of their own."""
PLAN = dg.AssetSpec(
    ["sync", "plan"],
    deps=[["marts", entity.name] for entity in ENTITIES] + [["current", name] for name in COMPARED_ONLY],
    description="The changes that this sync will make, as one frozen plan, and the part that is on hold for approval.",
    group_name="sync",
    kinds={"duckdb"},
    owners=OWNERS,
)
THRESHOLDS_CHECK = dg.AssetCheckSpec(
    THRESHOLDS,
    asset=PLAN.key,
    description="Fails when removals cross a threshold. The removals are on hold for approval. The rest is published.",
)
PRODUCT_ENTITIES = {
    "accounts": ("accounts", "identity_links", "reviews"),
    "org_memberships": ("schools", "org_memberships", "school_memberships"),
    "rosters": ("rosters", "roster_teachers", "roster_students", "pending_members"),
}
_ABOUT = {
    "accounts": "The people's accounts, which Clever id each is linked to by which rule, and who has to be looked at.",
    "org_memberships": "Schools, and who belongs to the organization and to each of its schools.",
    "rosters": "Classes, who teaches them, who learns in them, and who is awaited.",
}
EVERY_NIGHT = dg.FreshnessPolicy.time_window(fail_window=LATE, warn_window=timedelta(hours=26))
"""Of whichever district was published last: red means that none is. Check `every_district_is_fresh` is about each."""
PRODUCT = [
    dg.AssetSpec(
        ["product", name],
        deps=[PLAN.key],
        description=description,
        metadata=_table("roster", name),
        group_name="product",
        kinds={"postgres"},
        owners=OWNERS,
        freshness_policy=EVERY_NIGHT,
    )
    for name, description in _ABOUT.items()
]
SNAPSHOT = dg.AssetSpec(
    ["snapshots", "latest"],
    deps=[spec.key for spec in PRODUCT],
    description="What was published, with its history, in one DuckDB file for analysts: snapshots/latest.duckdb.",
    group_name="snapshots",
    kinds={"duckdb"},
    owners=OWNERS,
)
