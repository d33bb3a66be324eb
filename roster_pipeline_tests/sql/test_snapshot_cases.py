"""The views of the snapshot return what their cases expect."""

import duckdb
import pytest

from roster_pipeline.model.queries import load_query
from roster_pipeline.snapshot.layout import create_tables
from roster_pipeline.snapshot.tables import FILES, VIEWS
from roster_pipeline_tests.support.query_cases import cut_to_case, queries_without_cases, query_cases, sort_rows

FOLDER, PASSES = "snapshot/views", "snapshot/passes"


@pytest.fixture(scope="module", params=FILES, ids=lambda layout: layout.place)
def snapshot(request):
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        create_tables(con, request.param)
        yield con


def insert_rows(con, case, step):
    for table, given in case.given.items():
        for row in given[::step]:
            columns, holes = ", ".join(row), ", ".join("?" for _ in row)
            con.execute(f"insert into {table} ({columns}) values ({holes})", list(row.values()))


def read_rows(con, query):
    cursor = con.execute(query)
    columns = [name for name, *_ in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case.subject}: {case.name}") for case in query_cases(FOLDER)]
)
def test_case(snapshot, case, step):
    snapshot.begin()
    try:
        insert_rows(snapshot, case, step)
        rows = read_rows(snapshot, f"from {case.subject}")
    finally:
        snapshot.rollback()
    assert sort_rows(cut_to_case(case, rows)) == sort_rows(case.expect)


ROWS_OF_A_PASS = """
    create temporary table windows (organization_id bigint, district_id text, began_at timestamptz);
    create temporary table news (organization_id bigint, sync_id bigint, published_at timestamptz);
    create temporary table file_syncs (
        district_id text, id bigint, uid text, mode text, state text, started_at timestamptz, finished_at timestamptz
    );
    create temporary table dated_syncs (
        district_id text, id bigint, uid text, state text, finished_at timestamptz, published_at timestamptz
    );
    create temporary table noted_times (district_id text, id bigint, published_at timestamptz);
    create temporary table scope (organization_id bigint, district_id text);
    create temporary table read_districts (organization_id bigint, name text, tier text, time_zone text);
    create temporary table file_districts (district_id text, name text, tier text, time_zone text);
    create temporary table history_rows (
        place bigint, district_id text, row_key text, content text, valid_to timestamptz
    );
    create temporary table touched_rows (organization_id bigint, row_key text);
    create temporary table open_rows (place bigint, district_id text, content text, began_at timestamptz);
    create temporary table fresh_rows (
        district_id text, content text, valid_from timestamptz, valid_to timestamptz, sync_id bigint
    );
    create temporary table row_versions (
        organization_id bigint, row_key text, content text, valid_from timestamptz, valid_to timestamptz
    );
"""


@pytest.fixture
def rows_of_a_pass():
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        con.execute(ROWS_OF_A_PASS)
        yield con


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case.subject}: {case.name}") for case in query_cases(PASSES)]
)
def test_case_of_a_pass(rows_of_a_pass, case):
    insert_rows(rows_of_a_pass, case, 1)
    rows = read_rows(rows_of_a_pass, load_query(PASSES, case.subject))
    assert sort_rows(cut_to_case(case, rows)) == sort_rows(case.expect)


def test_every_view_has_a_case():
    assert queries_without_cases(FOLDER, PASSES) == set()
    assert {case.subject for case in query_cases(FOLDER)} == set(VIEWS)
