"""How tables and counts look in the Dagster UI: row counts to plot, column schemas, column lineage."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg
import duckdb

from roster_pipeline.model.entities import OPS
from roster_pipeline.stage import Model, count_rows, table_columns
from roster_pipeline.stage.lineage import column_lineage
from roster_pipeline.validate.contracts import CONTRACTS

ROWS = "dagster/partition_row_count"
OWNERS = ["team:data-engineering"]
Metadata = dict[str, dg.MetadataValue | int | float | str]


def describe_table(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> Metadata:
    """Rows and columns of a table as it stands."""
    return {ROWS: count_rows(con, schema, table), "dagster/column_schema": _columns(con, schema, table)}


def describe_model(con: duckdb.DuckDBPyConnection, model: Model, rows: int) -> Metadata:
    """Rows, columns and where each column comes from."""
    known = {key: table_columns(con, *key) for key in model.reads}
    lineage = {
        column: [
            dg.TableColumnDep(asset_key=dg.AssetKey([schema, table]), column_name=name)
            for schema, table, name in sorted(sources)
        ]
        for column, sources in column_lineage(model, known).items()
    }
    return {
        ROWS: rows,
        "dagster/column_schema": _columns(con, *model.key),
        "dagster/column_lineage": dg.MetadataValue.column_lineage(dg.TableColumnLineage(lineage)),
    }


def describe_changes(ops: Mapping[str, int], prefix: str = "") -> Metadata:
    """One number an op, zeros too, so that every plot has a point for every sync."""
    return {f"{prefix}{op}": ops.get(op, 0) for op in OPS}


def _columns(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> dg.MetadataValue:
    contract = CONTRACTS.get(table)
    return dg.MetadataValue.table_schema(
        dg.TableSchema(
            [
                dg.TableColumn(
                    name,
                    kind.lower(),
                    description=contract.columns[name].description if contract and name in contract.columns else None,
                )
                for name, kind in table_columns(con, schema, table).items()
            ]
        )
    )
