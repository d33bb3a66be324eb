"""The SELECTs that PostgreSQL runs return what their cases expect."""

import json

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from roster_pipeline.model.queries import load_query
from roster_pipeline.model.whole_queries import load_whole_query
from roster_pipeline.product.database import connect
from roster_pipeline.product.transfer import select_into
from roster_pipeline.snapshot.read import KNOWN
from roster_pipeline.snapshot.tables import ROW_TABLES, SYNCS
from roster_pipeline.snapshot.versions import ENTITIES
from roster_pipeline_tests.support.query_cases import cut_to_case, queries_without_cases, query_cases, sort_rows
from roster_pipeline_tests.support.server import TEMPLATE, execute_apart, named

READ_AS_TEXT = ("explain/product", "syncs", "corrections", "oneroster")
"""Folders whose rows Python reads. Those of the other folders are selected into a table."""
FOLDERS = (*READ_AS_TEXT, "current", "snapshot")
DUCKDB_QUERIES = {"new_ids"}
"""Queries of these folders that DuckDB runs. Their cases run in `sql/`."""
CASES = [case for case in query_cases(*FOLDERS) if case.subject not in DUCKDB_QUERIES]
TEMPORARY_TABLES = {
    "feed_emails": "email text",
    "feed_names": "email text, first_name text, last_name text",
    "new_ids": "resource text, clever_id text",
    "affected_people": "id text",
    "affected_sections": "id text",
    "affected_schools": "id text",
    "affected_terms": "id text",
    "affected_courses": "id text",
    "candidate_accounts": "account_id bigint, reopens_for text",
    "known_syncs": KNOWN,
    "scope": "organization_id bigint, district_id text, last bigint, last_end timestamptz",
    "news": (
        "organization_id bigint, sync_id bigint, mode text, published_at timestamptz, is_first boolean, "
        "is_erased boolean"
    ),
    "windows": "organization_id bigint, district_id text, is_whole boolean, began_at timestamptz",
    "journal": (
        "entity text, sync_id bigint, is_moved boolean, id bigint, organization_id bigint, account_id bigint, "
        "roster_id bigint, school_id bigint"
    ),
}
TEMPORARY_TABLES |= {
    f"touched_{table.name}": ", ".join(f"{name} {kind}" for name, kind in table.touched_columns.items())
    for table in (*ROW_TABLES, SYNCS)
}
TEMPORARY_TABLES |= {
    f"{entity.table.name}_versions": ", ".join(
        [
            *(f"{name} {entity.table.c[name].type.compile(postgresql.dialect())}" for name in entity.columns),
            "valid_from timestamptz default '1900-01-01', valid_to timestamptz default '2999-01-01'",
        ]
    )
    for entity in ENTITIES
}
FILLERS = {"text": "x", "bigint": 0, "integer": 0, "boolean": False, "jsonb": "{}", "timestamp with time zone": "now()"}
"""Values for the columns that a table requires and a case leaves out."""
REQUIRED = """
    select column_name, data_type from information_schema.columns
    where table_schema || '.' || table_name = :table and is_nullable = 'NO' and column_default is null
        and is_identity = 'NO'
"""


@pytest.fixture(scope="module")
def engine(server_url):
    """A database of these tests, because every case takes back its rows."""
    name = "query_cases"
    execute_apart(server_url, f"create database {name} template {TEMPLATE}")
    engine = connect(named(server_url, name))
    yield engine
    engine.dispose()
    execute_apart(server_url, f"drop database {name} with (force)")


@pytest.fixture
def pg(engine):
    with engine.connect() as pg:
        # A case holds only the rows that matter, so foreign keys and triggers are off.
        pg.exec_driver_sql("set session_replication_role = replica")
        for table, columns in TEMPORARY_TABLES.items():
            pg.exec_driver_sql(f"create temporary table {table} ({columns})")
        yield pg
        pg.rollback()


def insert(pg, table, row):
    required = {
        name: FILLERS[kind] for name, kind in pg.execute(sa.text(REQUIRED), {"table": table}) if name not in row
    }
    values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in (required | row).items()}
    columns, holes = ", ".join(values), ", ".join(f":{name}" for name in values)
    pg.execute(sa.text(f"insert into {table} ({columns}) overriding system value values ({holes})"), values)


def read_rows(pg, case):
    """Return the rows of the query of a case, which runs as in the program."""
    if case.folder in READ_AS_TEXT:
        query = sa.text(load_query(case.folder, case.subject))
        return [dict(row) for row in pg.execute(query, case.values).mappings()]
    load = load_whole_query if case.is_whole else load_query
    select_into(pg, "rows_of_case", load(case.folder, case.subject), case.values)
    return [dict(row) for row in pg.exec_driver_sql("select * from rows_of_case").mappings()]


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case.folder}/{case.subject}: {case.name}") for case in CASES]
)
def test_case(pg, case):
    for table, rows in case.given.items():
        for row in rows:
            insert(pg, table, row)
    rows = cut_to_case(case, read_rows(pg, case))
    if case.is_ordered:
        assert rows == case.expect
    else:
        assert sort_rows(rows) == sort_rows(case.expect)


def test_every_select_of_postgresql_has_a_case():
    assert queries_without_cases(*FOLDERS) == set()
