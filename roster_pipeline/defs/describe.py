"""Builds the metadata that the Dagster UI shows: row counts, column schemas, column lineage, plans and freshness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

import dagster as dg
import duckdb

from roster_pipeline.delta.workspace import has_affected_rows
from roster_pipeline.instance.event_storage import FINGERPRINT, SAME
from roster_pipeline.model.dictionary import find_column_description
from roster_pipeline.model.entities import OPS
from roster_pipeline.model.plan import Counts, Plan
from roster_pipeline.plan.impact import describe_reasons
from roster_pipeline.plan.summary import summarize
from roster_pipeline.product.organizations import Freshness
from roster_pipeline.stage import Model, count_rows, fingerprint_rows, list_columns
from roster_pipeline.stage.lineage import Source, cached_lineage
from roster_pipeline.sync_results import PlanResult

ROWS, AFFECTED_ROWS = "dagster/partition_row_count", "rows_within_reach"
"""The keys of row counts. A delta sync counts only the rows of the affected set, so they have a key of their own."""
OWNERS = ["team:data-engineering"]
WARNING = "warning"
"""The key in the metadata of a snapshot for warnings to the operator. The command prints them."""
Metadata = dict[str, dg.MetadataValue | int | float | str]


def materialize_table(
    con: duckdb.DuckDBPyConnection, key: Sequence[str], metadata: Metadata, *, is_delta: bool = False
) -> dg.MaterializeResult[None]:
    """Return the materialization of a table, with a fingerprint of its rows and columns as the data version.

    The storage keeps no materialization of a table whose fingerprint is that of the last one. A delta sync that affects
    no row changed nothing in any table.
    """
    schema, table = key
    rows, content = fingerprint_rows(con, schema, table)
    columns = sha256(repr(list_columns(con, schema, table)).encode()).hexdigest()[:16]
    is_same = is_delta and not has_affected_rows(con)
    version = SAME if is_same else f"{FINGERPRINT}{rows}-{content}-{columns}"
    return dg.MaterializeResult(asset_key=list(key), metadata=metadata, data_version=dg.DataVersion(version))


def describe_table(con: duckdb.DuckDBPyConnection, schema: str, table: str, *, is_delta: bool = False) -> Metadata:
    """Return the row count and the columns of a table."""
    return {
        AFFECTED_ROWS if is_delta else ROWS: count_rows(con, schema, table),
        "dagster/column_schema": _columns(con, schema, table),
    }


def describe_model(con: duckdb.DuckDBPyConnection, model: Model, rows: int, *, is_delta: bool = False) -> Metadata:
    """Return the row count, the columns and the column lineage of a model."""
    known = {key: list_columns(con, *key) for key in model.reads}
    lineage_sources = cached_lineage(con, model, known, catalog="warehouse." if is_delta else "")
    lineage = {
        column: [
            dg.TableColumnDep(asset_key=dg.AssetKey([schema, table]), column_name=name)
            for schema, table, name in sorted(sources)
        ]
        for column, sources in lineage_sources.items()
    }
    return {
        AFFECTED_ROWS if is_delta else ROWS: rows,
        "dagster/column_schema": _columns(con, *model.key, lineage_sources=lineage_sources),
        "dagster/column_lineage": dg.MetadataValue.column_lineage(dg.TableColumnLineage(lineage)),
    }


def describe_changes(counts: Counts) -> Metadata:
    """Return counts of changes in total, by op and by table. An op without changes counts 0, so a plot has a point.

    Args:
        counts: the number of changes by table and op.
    """
    ops = {op: sum(of_table.get(op, 0) for of_table in counts.values()) for op in OPS}
    by_table = {table: dict(of_table) for table, of_table in counts.items() if of_table}
    return {"changes": sum(ops.values()), **ops, "changes_by_table": dg.MetadataValue.json(by_table)}


def describe_plan(con: duckdb.DuckDBPyConnection, result: PlanResult) -> Metadata:
    """Return the summary of a plan in words, its digest and the number of its changes."""
    plan = result.plan
    summary = summarize(con, plan, is_published=False, is_rejected=result.is_rejected)
    return {"summary": summary, "digest": plan.digest, "changes": plan.total}


def describe_holds(plan: Plan) -> Metadata:
    """Return the held changes of a plan: the total, the counts by part, and the thresholds that were crossed."""
    if not plan.held:
        return {}
    sentence = {"sentence": plan.sentence} if plan.sentence else {}
    return {**sentence, "waiting": sum(plan.parts.values()), **plan.parts, "because": describe_reasons(plan.held)}


def describe_freshness(freshness: Freshness) -> Metadata:
    """Return the time of each hop, and the age of the data in minutes when it was published."""
    hops = {
        "sis_to_clever": freshness.sis_to_clever,
        "clever_to_us": freshness.clever_to_us,
        "us_to_published": freshness.us_to_published,
    }
    metadata: Metadata = {name: dg.MetadataValue.timestamp(at) for name, at in hops.items() if at}
    if freshness.sis_to_clever and freshness.us_to_published:
        metadata["minutes_from_sis_to_published"] = (
            freshness.us_to_published - freshness.sis_to_clever
        ).total_seconds() / 60
    return metadata


def _columns(
    con: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    *,
    lineage_sources: Mapping[str, Iterable[Source]] | None = None,
) -> dg.MetadataValue:
    """Return the columns of a table with types and descriptions."""
    sources = lineage_sources or {}
    return dg.MetadataValue.table_schema(
        dg.TableSchema(
            [
                dg.TableColumn(
                    name,
                    kind.lower(),
                    description=_describe_column(find_column_description(schema, table, name), sources.get(name, ())),
                )
                for name, kind in list_columns(con, schema, table).items()
            ]
        )
    )


def _describe_column(description: str | None, sources: Iterable[Source]) -> str | None:
    """Return the description of a column with the columns that it is made from.

    The open-source UI of Dagster has no view of column lineage, so the description names them.
    """
    listed = ", ".join(".".join(source) for source in sorted(sources))
    parts = [description, f"Made from {listed}." if listed else None]
    return " ".join(part for part in parts if part) or None
