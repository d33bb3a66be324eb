"""How tables and counts look in the Dagster UI: row counts to plot, column schemas, column lineage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import dagster as dg
import duckdb

from roster_pipeline.model.entities import OPS
from roster_pipeline.model.plan import Counts, Plan
from roster_pipeline.plan.impact import describe_reasons
from roster_pipeline.plan.summary import summarize
from roster_pipeline.product.organizations import Clock
from roster_pipeline.stage import Model, count_rows, list_columns
from roster_pipeline.stage.lineage import Source, cached_lineage
from roster_pipeline.sync_results import PlanResult
from roster_pipeline.validate.contracts import CONTRACTS

ROWS, REACHED = "dagster/partition_row_count", "rows_within_reach"
"""A delta sync has only the rows of the tables that events reached: those are no count of the district."""
OWNERS = ["team:data-engineering"]
WARNING = "warning"
"""Metadata of a snapshot: sentences that an operator has to read. The command shows them."""
Metadata = dict[str, dg.MetadataValue | int | float | str]


def describe_table(con: duckdb.DuckDBPyConnection, schema: str, table: str, *, is_delta: bool = False) -> Metadata:
    """Rows and columns of a table as it stands."""
    return {
        REACHED if is_delta else ROWS: count_rows(con, schema, table),
        "dagster/column_schema": _columns(con, schema, table),
    }


def describe_model(con: duckdb.DuckDBPyConnection, model: Model, rows: int, *, is_delta: bool = False) -> Metadata:
    """Rows, columns and where each column comes from."""
    known = {key: list_columns(con, *key) for key in model.reads}
    made_from = cached_lineage(con, model, known, catalog="warehouse." if is_delta else "")
    lineage = {
        column: [
            dg.TableColumnDep(asset_key=dg.AssetKey([schema, table]), column_name=name)
            for schema, table, name in sorted(sources)
        ]
        for column, sources in made_from.items()
    }
    return {
        REACHED if is_delta else ROWS: rows,
        "dagster/column_schema": _columns(con, *model.key, made_from=made_from),
        "dagster/column_lineage": dg.MetadataValue.column_lineage(dg.TableColumnLineage(lineage)),
    }


def describe_changes(counts: Counts) -> Metadata:
    """What a plan changes in some tables: in all, by op with zeros, so that every plot has a point, and by table.

    Args:
        counts: by table and op.
    """
    ops = {op: sum(of_table.get(op, 0) for of_table in counts.values()) for op in OPS}
    by_table = {table: dict(of_table) for table, of_table in counts.items() if of_table}
    return {"changes": sum(ops.values()), **ops, "changes_by_table": dg.MetadataValue.json(by_table)}


def describe_plan(con: duckdb.DuckDBPyConnection, result: PlanResult) -> Metadata:
    """Say in a sentence what a plan would change, with its digest and the number of its changes."""
    plan = result.plan
    summary = summarize(con, plan, is_published=False, is_rejected=result.is_rejected)
    return {"summary": summary, "digest": plan.digest, "changes": plan.total}


def describe_holds(plan: Plan) -> Metadata:
    """Count what the plan holds: the total, the parts that sum to it, and the thresholds that were crossed."""
    if not plan.held:
        return {}
    sentence = {"sentence": plan.sentence} if plan.sentence else {}
    return {**sentence, "waiting": sum(plan.parts.values()), **plan.parts, "because": describe_reasons(plan.held)}


def describe_clock(clock: Clock) -> Metadata:
    """When the data last made each hop, and how old it was when published, in minutes to plot."""
    hops = {
        "sis_to_clever": clock.sis_to_clever,
        "clever_to_us": clock.clever_to_us,
        "us_to_published": clock.us_to_published,
    }
    said: Metadata = {name: dg.MetadataValue.timestamp(at) for name, at in hops.items() if at}
    if clock.sis_to_clever and clock.us_to_published:
        said["minutes_from_sis_to_published"] = (clock.us_to_published - clock.sis_to_clever).total_seconds() / 60
    return said


def _columns(
    con: duckdb.DuckDBPyConnection, schema: str, table: str, *, made_from: Mapping[str, Iterable[Source]] | None = None
) -> dg.MetadataValue:
    contract, sources = CONTRACTS.get(table), made_from or {}
    described = {name: column.description for name, column in contract.columns.items()} if contract else {}
    return dg.MetadataValue.table_schema(
        dg.TableSchema(
            [
                dg.TableColumn(
                    name,
                    kind.lower(),
                    description=_of_column(described.get(name), sources.get(name, ())),
                )
                for name, kind in list_columns(con, schema, table).items()
            ]
        )
    )


def _of_column(description: str | None, sources: Iterable[Source]) -> str | None:
    """What a column is, and which columns it is made from: the open-source UI has no view of column lineage."""
    listed = ", ".join(".".join(source) for source in sorted(sources))
    parts = [description, f"Made from {listed}." if listed else None]
    return " ".join(part for part in parts if part) or None
