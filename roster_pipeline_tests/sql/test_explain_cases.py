"""The SELECTs of an explanation on a district file return what their cases expect."""

import pytest

from roster_pipeline.explain.facts import read_district
from roster_pipeline.model.entities import ENTITIES
from roster_pipeline_tests.support.query_cases import cut_to_case, queries_without_cases, query_cases, sort_rows
from roster_pipeline_tests.support.sql_cases import open_empty_warehouse

TABLES = {
    "raw.district": "id varchar, sync_id bigint, sync_uid varchar, state varchar, last_sync timestamptz",
    "raw.load_audit": 'sync_id bigint, resource varchar, "rows" bigint',
    "quarantine.records": "resource varchar, clever_id varchar, reason varchar",
    "changes.plan": "plan varchar",
} | {
    f"changes.{entity.name}": ", ".join(f"{column} varchar" for column in (*entity.columns, "op")) + ", held boolean"
    for entity in ENTITIES
}


@pytest.fixture(scope="module")
def district_file():
    with open_empty_warehouse() as con:
        con.execute("create schema if not exists changes; create schema if not exists quarantine")
        for table, columns in TABLES.items():
            con.execute(f"create or replace table {table} ({columns})")
        yield con


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case.subject}: {case.name}") for case in query_cases("explain/district")]
)
def test_case(district_file, case, step):
    district_file.begin()
    try:
        for table, rows in case.given.items():
            for row in rows[::step]:
                columns, holes = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
                district_file.execute(f"insert into {table} ({columns}) values ({holes})", list(row.values()))
        rows = [vars(row) for row in read_district(district_file, case.subject, **case.values)]
    finally:
        district_file.rollback()

    assert sort_rows(cut_to_case(case, rows)) == sort_rows(case.expect)


def test_every_select_of_the_district_file_has_a_case():
    assert queries_without_cases("explain/district") == set()
