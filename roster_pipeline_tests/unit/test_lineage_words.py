"""The descriptions of assets and columns say where the columns come from."""

import duckdb
import pytest

from roster_pipeline.defs import describe, specs
from roster_pipeline.stage.lineage import column_lineage
from roster_pipeline.stage.models import Model

MODEL = Model(
    "marts",
    "classes",
    "-- Classes, one row each.\n-- In two lines.\n"
    "select id as clever_id, first || last as name, 'clever' as source from raw.it",
    "Classes, one row each. In two lines.",
    frozenset({("raw", "it")}),
)


@pytest.fixture
def con():
    with duckdb.connect() as opened:
        opened.execute(
            "create schema raw; create schema marts; create table raw.it (id varchar, first varchar, last varchar)"
        )
        opened.execute(f"create table marts.classes as {MODEL.sql}")
        yield opened


def test_each_column_names_its_sources(con):
    schema = describe.describe_model(con, MODEL, 0)["dagster/column_schema"].schema
    assert {column.name: column.description for column in schema.columns} == {
        "clever_id": "Clever's id, 24 hexadecimal digits. Made from raw.it.id.",
        "name": "The name as the district typed it. It is not unique. Made from raw.it.first, raw.it.last.",
        "source": "`clever` if a sync decides the row, or `native` if the product does.",
    }
    assert (
        column_lineage(MODEL, {("raw", "it"): {"id": "VARCHAR", "first": "VARCHAR", "last": "VARCHAR"}})["source"]
        == set()
    )


def test_contract_description_comes_first():
    described = describe._describe_column("The name.", [("raw", "it", "first")])
    assert described == "The name. Made from raw.it.first."


def test_plan_description_starts_with_a_total_and_has_every_op():
    said = describe.describe_changes({"rosters": {"insert": 2, "end": 1}, "schools": {"insert": 1}, "reviews": {}})
    assert next(iter(said)) == "changes"
    assert {name: value for name, value in said.items() if isinstance(value, int)} == {
        **{"changes": 4, "insert": 3, "end": 1},
        **{op: 0 for op in describe.OPS if op not in ("insert", "end")},
    }
    assert said["changes_by_table"].value == {"rosters": {"insert": 2, "end": 1}, "schools": {"insert": 1}}


def test_model_description_contains_its_comment_once():
    assert MODEL.statement.startswith("select")
    for spec in (*specs.STAGING, *specs.MODELS):
        opening = spec.description.splitlines()[0]
        assert "```sql\n--" not in spec.description
        assert spec.description.count(opening) == 1


def test_every_table_has_the_name_by_which_people_find_it():
    tables = (*specs.RAW, *specs.STAGING, *specs.CURRENT, *specs.MODELS, *specs.PRODUCT)
    assert {spec.metadata["dagster/table_name"] for spec in tables} >= {
        "raw.schools",
        "marts.rosters",
        "roster.rosters",
    }
