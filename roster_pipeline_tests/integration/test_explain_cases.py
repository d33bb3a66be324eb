"""The SELECTs of an explanation do on the product database what the cases beside them say."""

import json

import pytest
import sqlalchemy as sa

from roster_pipeline.explain.facts import read_product
from roster_pipeline_tests.support.explain_cases import cut_to_case, explain_cases, queries_without_cases, sort_rows

FILLERS = {"text": "x", "bigint": 0, "integer": 0, "boolean": False, "jsonb": "{}", "timestamp with time zone": "now()"}
"""Values for the columns that a table requires and a case leaves out."""
REQUIRED = """
    select column_name, data_type from information_schema.columns
    where table_schema || '.' || table_name = :table and is_nullable = 'NO' and column_default is null
        and is_identity = 'NO'
"""


def insert(pg, table, row):
    required = {
        name: FILLERS[kind] for name, kind in pg.execute(sa.text(REQUIRED), {"table": table}) if name not in row
    }
    values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in (required | row).items()}
    columns, holes = ", ".join(values), ", ".join(f":{name}" for name in values)
    pg.execute(sa.text(f"insert into {table} ({columns}) overriding system value values ({holes})"), values)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case.subject}: {case.name}") for case in explain_cases("product")]
)
def test_case(product, case):
    with product.connect() as pg:
        # A case holds only the rows that matter, so foreign keys and triggers are off.
        pg.exec_driver_sql("set session_replication_role = replica")
        for table, rows in case.given.items():
            for row in rows:
                insert(pg, table, row)
        rows = [vars(row) for row in read_product(pg, case.subject, **case.values)]
        pg.rollback()

    assert sort_rows(cut_to_case(case, rows)) == sort_rows(case.expect)


def test_every_select_of_the_product_has_a_case():
    assert queries_without_cases("product") == set()
