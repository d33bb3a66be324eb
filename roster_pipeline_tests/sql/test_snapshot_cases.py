"""The views of the snapshot return what their cases expect."""

import duckdb
import pytest

from roster_pipeline.snapshot.layout import create_tables
from roster_pipeline.snapshot.tables import VIEWS
from roster_pipeline_tests.support.query_cases import cut_to_case, queries_without_cases, query_cases, sort_rows

FOLDER = "snapshot/views"


@pytest.fixture(scope="module")
def snapshot():
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        create_tables(con)
        yield con


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case.subject}: {case.name}") for case in query_cases(FOLDER)]
)
def test_case(snapshot, case, step):
    snapshot.begin()
    try:
        for table, given in case.given.items():
            for row in given[::step]:
                columns, holes = ", ".join(row), ", ".join("?" for _ in row)
                snapshot.execute(f"insert into {table} ({columns}) values ({holes})", list(row.values()))
        cursor = snapshot.execute(f"from {case.subject}")
        columns = [name for name, *_ in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    finally:
        snapshot.rollback()
    assert sort_rows(cut_to_case(case, rows)) == sort_rows(case.expect)


def test_every_view_has_a_case():
    assert queries_without_cases(FOLDER) == set()
    assert {case.subject for case in query_cases(FOLDER)} == set(VIEWS)
