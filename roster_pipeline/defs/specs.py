"""The specs of all assets and asset checks: keys, dependencies, and the descriptions that the Dagster UI shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg
from sqlalchemy import Table

from roster_pipeline.current.tables import CURRENT_TABLES
from roster_pipeline.defs.describe import OWNERS
from roster_pipeline.model.dictionary import SNAPSHOT as SNAPSHOT_SCHEMA
from roster_pipeline.model.dictionary import describe_column
from roster_pipeline.model.entities import ENTITIES
from roster_pipeline.model.resources import RESOURCES
from roster_pipeline.pipeline import DECIDING_MODELS, STAGING_MODELS
from roster_pipeline.product import tables
from roster_pipeline.snapshot.tables import PSEUDONYMOUS
from roster_pipeline.stage import Model, load_models
from roster_pipeline.syncs.schedule_policy import LATE
from roster_pipeline.validate.sql_tests import SqlTest, load_sql_tests

COMPLETE, EVENTS, VOLUME, CONTRACT, THRESHOLDS = "complete", "events_complete", "event_volume", "contract", "thresholds"
REJECTED = ("raw", "rejected")
"""The table of rejected records of all lists. It is no asset of its own."""


def _table(schema: str, name: str) -> dict[str, Any]:
    """Return metadata with the name of the asset's table in the district file or in PostgreSQL."""
    return {"dagster/table_name": f"{schema}.{name}"}


def _columns(table: Table) -> dict[str, Any]:
    """Return metadata with the columns of a table of the product."""
    columns = [
        dg.TableColumn(column.name, str(column.type).lower(), description=column.comment) for column in table.columns
    ]
    return {"dagster/column_schema": dg.TableSchema(columns)}


def _snapshot_columns() -> Iterator[dg.TableColumn]:
    """Return the columns of every table of the analysts' database, each after the name of its table."""
    for table in PSEUDONYMOUS.tables:
        for name, kind in {"district_id": "VARCHAR", **table.columns}.items():
            described = describe_column(SNAPSHOT_SCHEMA, table.name, name)
            yield dg.TableColumn(f"{table.name}.{name}", kind.lower(), description=described)


RAW = [
    dg.AssetSpec(
        ["raw", resource.name],
        description=f"The {resource.name} that the district shares in Clever now. Only fields that the product uses.",
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
        description="Fails if the list is empty now and was not empty at the last sync. Nothing is removed then "
        "because of records that are missing from the list.",
    )
    for spec in RAW
] + [
    dg.AssetCheckSpec(
        EVENTS,
        asset=["raw", "sections"],
        description="Fails if a full read finds changes that Clever's events since the last full read had missed. This "
        "sync publishes those changes. Each sync reads in full until a full read finds nothing missed. The metadata "
        "missed_by_events of each list counts the changes that were missed.",
    ),
    dg.AssetCheckSpec(
        VOLUME,
        asset=["raw", "sections"],
        description="Warns if Clever reports over five times as many events as in the last ten delta syncs. The "
        "cause may be a new sharing rule or a mistake in the district's upload. The sync goes on.",
    ),
]


def _assets_read(model: Model) -> set[tuple[str, str]]:
    """Return the keys of the assets whose tables a model reads."""
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
        description="Fails if rows break the contract of the table. Those rows are in quarantine.records, each with "
        "its reason, and are not published.",
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
    entity.name for entity in ENTITIES if not any(("current", entity.name) in model.reads for model in load_models())
]
"""The current tables that no model reads. The plan depends on the other current tables through the models."""
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
    "rosters": ("terms", "courses", "rosters", "roster_teachers", "roster_students", "pending_members"),
}
_PRODUCT_DESCRIPTIONS = {
    "accounts": "The accounts of people, the links from Clever ids to accounts, and the reviews of unclear matches.",
    "org_memberships": "The schools, and the memberships of accounts in the organization and in its schools.",
    "rosters": "The classes with their terms, courses, teachers, students and pending members.",
}
EVERY_NIGHT = dg.FreshnessPolicy.time_window(fail_window=LATE, warn_window=timedelta(hours=26))
"""The policy looks at the district that was published last. It fails when no district is published any more. The check
`every_district_is_fresh` looks at each district."""
PRODUCT = [
    dg.AssetSpec(
        ["product", name],
        deps=[PLAN.key],
        description=description,
        metadata=_table("roster", name) | _columns(tables.metadata.tables[f"roster.{name}"]),
        group_name="product",
        kinds={"postgres"},
        owners=OWNERS,
        freshness_policy=EVERY_NIGHT,
    )
    for name, description in _PRODUCT_DESCRIPTIONS.items()
]
SNAPSHOT = dg.AssetSpec(
    ["snapshots", "latest"],
    deps=[spec.key for spec in PRODUCT],
    description="The published data of all districts and its history, in one DuckDB file for analysts: "
    "snapshots/latest.duckdb. People have pseudonyms there; snapshots/identified/latest.duckdb has their names.",
    metadata={"dagster/column_schema": dg.TableSchema([*_snapshot_columns()])},
    group_name="snapshots",
    kinds={"duckdb"},
    owners=OWNERS,
)
