"""Writes the data dictionary and the data contract of `docs/` from the dictionary, the tables and the contracts.

Run it by `make dictionary`. The contract follows the Open Data Contract Standard 3.1.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

import duckdb
import yaml

from roster_pipeline.model.dictionary import PRODUCT, SNAPSHOT, describe_column, describe_table
from roster_pipeline.product.tables import metadata
from roster_pipeline.snapshot.file import LATEST
from roster_pipeline.snapshot.layout import create_tables
from roster_pipeline.snapshot.tables import IDENTIFIED, IDENTIFYING, PSEUDONYMOUS, TABLES, VIEWS, SnapshotFile
from roster_pipeline.validate.contracts import CONTRACTS

DOCS = Path(__file__).parents[2] / "docs"
DICTIONARY = DOCS / "data-dictionary.md"
CONTRACTS_OF_FILES = {
    DOCS / "data-contract.odcs.yaml": PSEUDONYMOUS,
    DOCS / "data-contract-identified.odcs.yaml": IDENTIFIED,
}
INTRODUCTION = """# Data dictionary

This document lists every table and column of the analysts' database and of the product database. `make dictionary`
writes it from `roster_pipeline/model/dictionary.toml`. DuckDB and PostgreSQL show the same descriptions as comments,
and the Dagster UI as descriptions of columns. [data-contract.odcs.yaml](data-contract.odcs.yaml) is the contract of the
analysts' database, and [data-contract-identified.odcs.yaml](data-contract-identified.odcs.yaml) that of its identified
file.

## Analysts' database

There are two files with the same tables and views. `ROSTER_HOME/snapshots/latest.duckdb` has no account, no id in
Clever, no name and no email of a person. A person is a `person_id`, which is the same in all tables and at all times.
`ROSTER_HOME/snapshots/identified/latest.duckdb` has the same person ids, and also the columns that are marked here as
identified. Both files have the ids of districts, schools, rosters and sections, and the names of districts, schools and
classes. The name of a class is as the district typed it, so it may name a teacher.

Each table has three forms. `people` is what is published now. `people_as_of(t)` is what was published at a time.
`people_history` has every version of each row. `districts` and `syncs` have their present rows alone, as they are now,
and no form for a time. Each history has these columns:

| column | type | description |
|---|---|---|
"""
PRODUCT_INTRODUCTION = """
## Product database

The tables are in schema `roster` of PostgreSQL. Rows that ended stay, with the time.
"""
STAGED = {"schools": "stg_schools", "people": "stg_students", "rosters": "stg_sections"}
"""The staged table whose contract the rows of a table of the analysts' database meet."""
LOGICAL_TYPES = {
    "BIGINT": "integer",
    "BIGINT[]": "array",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "JSON": "object",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "VARCHAR": "string",
}


def list_snapshot_columns(layout: SnapshotFile) -> dict[str, dict[str, str]]:
    """Return the columns of each table and view of a file of the analysts' database with their types."""
    with duckdb.connect() as con:
        create_tables(con, layout)
        names = [*(table.name for table in TABLES), *VIEWS]
        return {name: {row[0]: row[1] for row in con.execute(f"describe {name}").fetchall()} for name in names}


def list_product_columns() -> dict[str, dict[str, str]]:
    """Return the columns of each table of the product with their types."""
    tables = sorted(metadata.tables.values(), key=lambda table: table.name)
    return {table.name: {column.name: str(column.type).lower() for column in table.columns} for table in tables}


def build_dictionary() -> str:
    """Return the text of the data dictionary."""
    versions = {"valid_from": "TIMESTAMPTZ", "valid_to": "TIMESTAMPTZ", "sync_id": "BIGINT"}
    return "".join(
        [
            INTRODUCTION,
            *_rows(SNAPSHOT, "people_history", versions),
            *_sections(SNAPSHOT, list_snapshot_columns(IDENTIFIED), list_snapshot_columns(PSEUDONYMOUS)),
            PRODUCT_INTRODUCTION,
            *_sections(PRODUCT, list_product_columns()),
        ]
    )


def _sections(
    schema: str, tables: Mapping[str, Mapping[str, str]], public: Mapping[str, Mapping[str, str]] | None = None
) -> Iterator[str]:
    """Return a section for each table.

    Args:
        public: The columns that the pseudonymous file has too, if there is one.
    """
    for table, columns in tables.items():
        yield f"\n### {table}\n\n{describe_table(schema, table)}\n\n| column | type | description |\n|---|---|---|\n"
        yield from _rows(schema, table, columns, public[table] if public else columns)


def _rows(
    schema: str, table: str, columns: Mapping[str, str], public: Mapping[str, str] | None = None
) -> Iterator[str]:
    for column, kind in columns.items():
        mark = "" if public is None or column in public else "*Identified.* "
        yield f"| `{column}` | {kind.lower()} | {mark}{describe_column(schema, table, column)} |\n"


def build_contract(layout: SnapshotFile) -> dict[str, Any]:
    """Return the data contract of a file of the analysts' database."""
    is_identified = layout is IDENTIFIED
    file = str(PurePath(layout.place, LATEST))
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "roster-pipeline-snapshot-identified" if is_identified else "roster-pipeline-snapshot",
        "name": "Rosters for analysts, with names" if is_identified else "Rosters for analysts",
        "version": "2.0.0",
        "status": "active",
        "description": {
            "purpose": "Answer questions about districts, schools, people and classes, now and at any earlier time.",
            "usage": f"Open ROSTER_HOME/snapshots/{file} read-only with DuckDB 1.0 or later.",
            "limitations": "The rows are about children. "
            + ("Names and emails are as people typed them." if is_identified else "A person id is a pseudonym."),
        },
        "servers": [{"server": "snapshot", "type": "duckdb", "database": file, "schema": "main"}],
        "schema": [_table_contract(table, columns) for table, columns in list_snapshot_columns(layout).items()],
    }


def _table_contract(table: str, columns: Mapping[str, str]) -> dict[str, Any]:
    key = next((["district_id", *one.key] for one in TABLES if one.name == table), [])
    return {
        "name": table,
        "logicalType": "object",
        "physicalType": "view",
        "description": describe_table(SNAPSHOT, table),
        "properties": [_column_contract(table, name, kind, key) for name, kind in columns.items()],
    }


def _column_contract(table: str, name: str, kind: str, key: list[str]) -> dict[str, Any]:
    staged = CONTRACTS[STAGED[table]].columns.get(name) if table in STAGED else None
    return {
        "name": name,
        "logicalType": LOGICAL_TYPES[kind],
        "physicalType": kind,
        "description": describe_column(SNAPSHOT, table, name),
        **({"classification": "restricted"} if name in IDENTIFYING else {}),
        **({"primaryKey": True, "primaryKeyPosition": key.index(name) + 1} if name in key else {}),
        "required": name in key or bool(staged and not staged.nullable),
        **(
            {"logicalTypeOptions": {"pattern": staged.checks[0].statistics["pattern"]}}
            if staged and staged.checks
            else {}
        ),
        **({"items": {"logicalType": "integer"}} if kind.endswith("[]") else {}),
    }


def contract_text(layout: SnapshotFile) -> str:
    """Return the data contract of a file as YAML."""
    title = "# The contract of a file of the analysts' database. `make dictionary` writes it.\n"
    return title + yaml.safe_dump(build_contract(layout), sort_keys=False, width=120, allow_unicode=True)


if __name__ == "__main__":
    DICTIONARY.write_text(build_dictionary(), encoding="utf-8")
    for contract, file in CONTRACTS_OF_FILES.items():
        contract.write_text(contract_text(file), encoding="utf-8")
