"""Run the cases that stand beside the SQL: `X.yaml` beside `X.sql`, in the folders of `dbt_like_sql/`.

A case gives rows of tables (`given`) and the rows that the model returns for them (`expect`); for a SQL test the
Clever ids. A table that is given holds the given rows, and NULL in every column that a row leaves out. Every other
table is built by its own model, as in a sync. A table that no model builds (`raw.*`, `current.*`) is empty. A case may
therefore begin in `raw` or right below its model. Only the columns that a case expects are compared. The order of the
rows is compared if the SELECT ends with an ORDER BY.

The queries of a delta sync (`delta/`) read the district's file as `warehouse`. In their cases and in those of a plan
(`plan/`) every table that is not given is empty. A case of a query with parameters gives their `values`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
import yaml
from sqlglot import exp

from roster_pipeline.current.tables import CURRENT_TABLES
from roster_pipeline.delta.affected import AFFECTED_TABLES
from roster_pipeline.model.entities import ENTITIES
from roster_pipeline.model.limits import Limits
from roster_pipeline.model.queries import define_macros
from roster_pipeline.model.resources import RESOURCES
from roster_pipeline.plan.queries import EPHEMERAL, create_table
from roster_pipeline.plan.thresholds import store_inputs
from roster_pipeline.reconcile.diff import compute_diff
from roster_pipeline.stage import Model, find_tables, load_models, run_models

LAYERS = ("staging", "intermediate", "marts", "tests")
"""Folders whose files have names of their own. The file of another folder is named with its folder."""
QUERY_FOLDERS = ("delta", "plan")
"""Folders of other queries that DuckDB runs."""
SQL_FOLDER = Path(str(files("dbt_like_sql") / LAYERS[0])).parent
SQL_FILES = {path.stem: path for layer in LAYERS for path in sorted((SQL_FOLDER / layer).glob("*.sql"))} | {
    f"{folder}/{path.stem}": path for folder in QUERY_FOLDERS for path in sorted((SQL_FOLDER / folder).glob("*.sql"))
}
SQL_FILES["current/new_ids"] = SQL_FOLDER / "current" / "new_ids.sql"  # PostgreSQL runs the others of this folder
LANDED_COLUMNS = {"content_hash": "VARCHAR", "sync_id": "BIGINT"}
REJECTED_COLUMNS = {"resource": "VARCHAR", "clever_id": "VARCHAR", "reason": "VARCHAR", "whole_record": "BOOLEAN"}
ROW_ORDERS = {"given": 1, "reverse": -1}
"""A case runs with its rows in both orders, because the order of rows must not matter."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One entry of a YAML file. `subject` is the key of the model, SQL test or query in `SQL_FILES`."""

    subject: str
    name: str
    given: Mapping[str, list[Row]]
    expect: list[Any]
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sql(self) -> str:
        return SQL_FILES[self.subject].read_text(encoding="utf-8")

    @property
    def is_ordered(self) -> bool:
        """Return whether the SELECT of the subject has an order of its own."""
        return is_ordered(self.sql)

    @property
    def row_orders(self) -> dict[str, int]:
        """Return the orders in which the given rows differ. Where no table has two rows, there is only one."""
        return ROW_ORDERS if any(len(rows) > 1 for rows in self.given.values()) else {"given": 1}

    @property
    def upstream(self) -> list[Model]:
        """Return the models to run, in order: those that the subject reads, up to the given tables."""
        if "/" in self.subject:
            return []
        wanted, chosen = set(find_tables(self.sql)), []
        for model in reversed(load_models()):
            if model.key in wanted and ".".join(model.key) not in self.given:
                chosen.insert(0, model)
                wanted |= model.reads
        return chosen

    @property
    def readable(self) -> set[str]:
        """Return the full names of the tables that can change the result."""
        if "/" in self.subject:
            return find_full_names(self.sql)
        read = find_tables(self.sql).union(*(model.reads for model in self.upstream))
        return {".".join(key) for key in read}


@cache
def is_ordered(sql: str) -> bool:
    """Return whether a SELECT has an order of its own."""
    return sqlglot.parse_one(sql, dialect="duckdb").args.get("order") is not None


@cache
def find_full_names(sql: str) -> set[str]:
    """Return the names of the tables that a query reads, each with its catalog where the query names one."""
    tables = sqlglot.parse_one(sql, dialect="duckdb").find_all(exp.Table)
    return {".".join(part.name for part in table.parts) for table in tables if table.db}


@cache
def cases_of(subject: str) -> tuple[Case, ...]:
    """Return the cases of one model or SQL test, in the order of its file."""
    path = SQL_FILES[subject].with_suffix(".yaml")
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []
    return tuple(
        Case(subject, entry["case"], entry["given"], entry["expect"], entry.get("values", {})) for entry in entries
    )


@contextmanager
def open_empty_warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory database that has every table of a sync, each empty and with its columns."""
    with duckdb.connect(config={"threads": 1}) as con:
        # A delta sync reads the district's file as `warehouse`. Here its tables are those of the sync itself, because a
        # transaction of DuckDB cannot write to two databases.
        con.execute("attach ':memory:' as warehouse")
        con.execute("use warehouse")
        define_macros(con)
        con.execute("create schema raw")
        con.execute("create schema current")
        for resource in RESOURCES:
            _create_table(con, f"raw.{resource.name}", {**resource.fields, **LANDED_COLUMNS})
        _create_table(con, "raw.rejected", REJECTED_COLUMNS)
        for table in CURRENT_TABLES:
            _create_table(con, f"current.{table.name}", table.columns)
        list(run_models(con, load_models()))
        _create_delta_tables(con)
        _create_plan_tables(con)
        yield con


def _create_delta_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create the tables that the queries of a delta sync read besides those of a sync."""
    for schema in ("events", "affected", "quarantine"):
        con.execute(f"create schema {schema}")
    for resource in RESOURCES:
        con.execute(f"create table events.{resource.name} as from raw.{resource.name}")
    con.execute("create table events.rejected as from raw.rejected")
    con.execute("create table quarantine.records as select resource, clever_id, reason from raw.rejected")
    record = {"resource": "VARCHAR", "id": "VARCHAR"}
    _create_table(con, "events.touched", record)
    for name in ("events.records", "events.known_records", "events.expected_records", "affected.known_records"):
        _create_table(con, name, record | {"content_hash": "UBIGINT"})
    _create_table(con, "affected.changed", record | {"was_there": "BOOLEAN", "is_there": "BOOLEAN"})
    for name in AFFECTED_TABLES[1:]:
        _create_table(con, f"affected.{name}", {"id": "VARCHAR"})


def _create_plan_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create the tables that the queries of a plan read. Only `plan.parts`, which reads no other table, has rows."""
    compute_diff(con)
    con.execute("create schema baseline")
    con.execute("create schema plan")
    for entity in ENTITIES:
        con.execute(f"create table baseline.{entity.name} as from current.{entity.name}")
    store_inputs(con, Limits(), set(), {})
    con.execute("delete from plan.limits")
    for name in (*EPHEMERAL, "holdable_changes", "baseline_counts"):
        create_table(con, name)
    crossed = {"reason": "VARCHAR", "part": "VARCHAR", "unit": "VARCHAR", "is_gone_only": "BOOLEAN"}
    _create_table(con, "plan.crossed_thresholds", crossed)


def _create_table(con: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> None:
    con.execute(f"create table {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")


@contextmanager
def given_rows(con: duckdb.DuckDBPyConnection, case: Case, step: int) -> Iterator[None]:
    """Fill the tables that the subject of a case reads. Empty them again at the end.

    Args:
        step: 1 inserts the given rows in their order, -1 in reverse order.
    """
    con.begin()
    try:
        for table, rows in case.given.items():
            for row in rows[::step]:
                columns, holes = ", ".join(row), ", ".join("?" for _ in row)
                con.execute(f"insert into {table} ({columns}) values ({holes})", list(row.values()))
        list(run_models(con, case.upstream))
        yield
    finally:
        con.rollback()


def compare(con: duckdb.DuckDBPyConnection, case: Case, sql: str) -> tuple[list[Any], list[Any]]:
    """Return the expected and the actual rows of a SELECT, cut to the columns of the case.

    Both are sorted, unless the SELECT has an order of its own. The rows of a SQL test are cut to their first column,
    the Clever id.
    """
    rows = _select_rows(con, sql, case.values)
    if case.expect and not isinstance(case.expect[0], dict):
        return sorted(case.expect), sorted(next(iter(row.values())) for row in rows)
    columns = case.expect[0].keys() if case.expect else {column for row in rows for column in row}
    assert all(row.keys() == columns for row in case.expect), "every row that a case expects names the same columns"
    assert not rows or columns <= rows[0].keys(), f"no such column: {sorted(columns - rows[0].keys())}"
    cut = [{name: row[name] for name in columns} for row in rows]
    return (case.expect, cut) if case.is_ordered else (_sort(case.expect), _sort(cut))


def _select_rows(con: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any]) -> list[Row]:
    """Return the rows by column name. A JSON value is parsed."""
    cursor = con.execute(sql, dict(values))
    columns = [(name, str(kind)) for name, kind, *_ in cursor.description or ()]
    return [
        {
            name: json.loads(value) if kind == "JSON" and value is not None else value
            for (name, kind), value in zip(columns, row, strict=True)
        }
        for row in cursor.fetchall()
    ]


def _sort(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))
