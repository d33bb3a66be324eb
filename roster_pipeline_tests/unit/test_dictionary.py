"""Every table and column has one description, and the documents that are made from them are up to date."""

import duckdb
import pytest

from roster_pipeline.defs import specs
from roster_pipeline.model.dictionary import PRODUCT, SHARED, SNAPSHOT, TABLE, describe_column, load_dictionary
from roster_pipeline.snapshot.layout import create_tables
from roster_pipeline.snapshot.tables import FILES, IDENTIFIED, IDENTIFYING, PSEUDONYMOUS
from roster_pipeline.validate.contracts import CONTRACTS
from roster_pipeline_tests.support.data_dictionary import (
    CONTRACTS_OF_FILES,
    DICTIONARY,
    build_contract,
    build_dictionary,
    contract_text,
    list_product_columns,
    list_snapshot_columns,
)

WHAT_TO_DO = "Run make dictionary."
COLUMNS = {
    PRODUCT: list_product_columns(),
    SNAPSHOT: list_snapshot_columns(IDENTIFIED),
    "staging": {name: dict.fromkeys(contract.columns, "") for name, contract in CONTRACTS.items()},
}


@pytest.mark.parametrize("schema", COLUMNS)
def test_every_column_has_a_description(schema):
    for table, columns in COLUMNS[schema].items():
        for column in columns:
            assert describe_column(schema, table, column).endswith("."), f"{table}.{column}"


def test_every_description_is_of_something_that_exists():
    described = load_dictionary()
    assert described.keys() == {SHARED, *COLUMNS}
    for schema, tables in COLUMNS.items():
        assert described[schema].keys() <= tables.keys()
        for table, own in described[schema].items():
            assert own.keys() <= {TABLE, *tables[table]}, table
    assert all(described[schema].keys() == COLUMNS[schema].keys() for schema in (PRODUCT, SNAPSHOT))
    of_all = {column for tables in COLUMNS.values() for columns in tables.values() for column in columns}
    assert described[SHARED].keys() <= of_all | {"valid_from", "valid_to", "sync_id"}


def test_written_documents_are_up_to_date():
    assert DICTIONARY.read_text(encoding="utf-8") == build_dictionary(), WHAT_TO_DO
    for contract, file in CONTRACTS_OF_FILES.items():
        assert contract.read_text(encoding="utf-8") == contract_text(file), WHAT_TO_DO


def test_pseudonymous_file_has_all_but_the_identifying_columns():
    public = list_snapshot_columns(PSEUDONYMOUS)
    for table, columns in COLUMNS[SNAPSHOT].items():
        assert public[table] == {name: kind for name, kind in columns.items() if name not in IDENTIFYING}, table
    text = DICTIONARY.read_text(encoding="utf-8")
    assert "| `email` | varchar | *Identified.* " in text
    assert "| `person_id` | varchar | The pseudonym" in text


def test_contract_has_the_keys_and_patterns_of_the_tables():
    objects = {table["name"]: table["properties"] for table in build_contract(IDENTIFIED)["schema"]}
    people = {column["name"]: column for column in objects["people"]}
    assert [name for name, column in people.items() if "primaryKey" in column] == ["district_id", "person_id"]
    assert people["clever_id"]["required"]
    assert people["clever_id"]["logicalTypeOptions"] == {"pattern": "^[0-9a-f]{24}$"}
    assert not people["email"]["required"]
    assert {name for name, column in people.items() if "classification" in column} == IDENTIFYING


@pytest.mark.parametrize("layout", FILES)
def test_duckdb_shows_every_description(layout):
    with duckdb.connect() as con:
        create_tables(con, layout)
        for kind in ("tables", "views", "columns"):
            assert con.execute(
                f"select count(*) from duckdb_{kind}() where not internal and comment is null"
            ).fetchall() == [(0,)]
        macros = "select comment from duckdb_functions() where function_name like '%\\_as\\_of' escape '\\'"
        assert all("at time t." in comment for (comment,) in con.execute(macros).fetchall())
        role = "select comment from duckdb_columns() where table_name = 'people' and column_name = 'role'"
        assert con.execute(role).fetchall() == [(describe_column(SNAPSHOT, "people", "role"),)]


def test_file_with_the_layout_gets_a_missing_view_again():
    with duckdb.connect() as con:
        create_tables(con, PSEUDONYMOUS)
        con.execute("drop view people; create view own as select 1; comment on view schools is 'mine'")
        create_tables(con, PSEUDONYMOUS)
        assert con.execute("select count(*) from people").fetchall() == [(0,)]
        shown = con.execute("select comment from duckdb_views() where view_name = 'schools'").fetchall()
        assert shown == [("The schools.",)]


def test_dagster_shows_every_description_of_what_is_published():
    for spec in [*specs.PRODUCT, specs.SNAPSHOT]:
        assert all(column.description for column in spec.metadata["dagster/column_schema"].columns)
