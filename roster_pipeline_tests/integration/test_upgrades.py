"""Databases of earlier releases with two generated districts upgrade without the loss of a row.

`support/databases` holds a dump of each: `first_release` at revision 0013 and `baseline` at revision 0021.
"""

import gzip
import json
import logging
from datetime import UTC, datetime
from importlib.resources import files

import pytest
import sqlalchemy as sa

from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.errors import ProductUnusable
from roster_pipeline.product.database import connect, migrate, transaction
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.server import execute_apart, named

RELEASES = ("first_release", "baseline")
RENAMED_TABLES = {"parked_members": "pending_members"}
LIBRARY_DISTRICT = "c" * 24
CATALOGUE = {
    "columns": """
        select table_name, column_name, data_type, is_nullable, column_default, is_identity, identity_generation
        from information_schema.columns where table_schema = 'roster' order by 1, 2
    """,
    "constraints": """
        select conrelid::regclass::text, conname, contype::text, pg_get_constraintdef(oid) from pg_constraint
        where connamespace = 'roster'::regnamespace order by 1, 2
    """,
    "indexes": "select indexname, indexdef from pg_indexes where schemaname = 'roster' order by 1",
    "triggers": """
        select tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) from pg_trigger
        where not tgisinternal order by 1, 2
    """,
    "policies": "select * from pg_policies where schemaname = 'roster' order by tablename, policyname",
    "tables with row-level security": """
        select relname from pg_class where relnamespace = 'roster'::regnamespace and relrowsecurity order by 1
    """,
    "grants on tables": """
        select grantee, table_name, privilege_type from information_schema.role_table_grants
        where table_schema = 'roster' and grantee like 'roster%' order by 1, 2, 3
    """,
    "grants on columns": """
        select grantee, table_name, column_name, privilege_type from information_schema.role_column_grants
        where table_schema = 'roster' and grantee like 'roster%' order by 1, 2, 3, 4
    """,
    "routines": """
        select oid::regprocedure::text, pg_get_functiondef(oid), proacl::text from pg_proc
        where pronamespace = 'roster'::regnamespace order by 1
    """,
}


@pytest.fixture
def restore(server_url):
    """Restores a dump into a database of its own and returns its engine, before any upgrade."""
    engines = []

    def _restore(release):
        execute_apart(server_url, f"create database {release}")
        engines.append((release, connect(named(server_url, release))))
        packed = files("roster_pipeline_tests") / "support" / "databases" / f"{release}.sql.gz"
        with engines[-1][1].begin() as pg:
            pg.exec_driver_sql("set local check_function_bodies = off")  # as pg_restore does
            pg.exec_driver_sql(gzip.decompress(packed.read_bytes()).decode(), execution_options={"no_parameters": True})
        return engines[-1][1]

    yield _restore
    for release, engine in engines:
        engine.dispose()
        execute_apart(server_url, f"drop database {release} with (force)")


def read_rows(engine):
    """Return every row of every table, by the present name of the table."""
    tables = sa.inspect(engine).get_table_names("roster")
    return {
        RENAMED_TABLES.get(table, table): sorted(
            json.dumps(row, sort_keys=True) for (row,) in query(engine, f"select to_jsonb(t) from roster.{table} as t")
        )
        for table in tables
        if table != "alembic_version"
    }


def without_new_columns(rows, earlier):
    """Return rows with the columns alone that the same table had earlier."""
    return {
        table: sorted(
            json.dumps({name: value for name, value in json.loads(row).items() if name in names}, sort_keys=True)
            for row in rows[table]
        )
        for table, old in earlier.items()
        for names in [set(json.loads(old[0])) if old else set()]
    }


@pytest.mark.parametrize("release", RELEASES)
def test_an_upgraded_database_equals_a_new_one(release, restore, product):
    engine = restore(release)
    migrate(engine)
    for part, statement in CATALOGUE.items():
        assert query(engine, statement) == query(product, statement), part


@pytest.mark.parametrize("release", RELEASES)
def test_an_upgrade_keeps_every_row(release, restore):
    engine = restore(release)
    execute(
        engine,
        "delete from roster.refresh_requests where organization_id in "
        "(select id from roster.organizations where tier = 'library')",
    )
    execute(engine, "delete from roster.organizations where tier = 'library'")
    before = read_rows(engine)
    assert {table for table, rows in before.items() if not rows} == set()
    migrate(engine)
    assert without_new_columns(read_rows(engine), before) == before


@pytest.mark.parametrize("release", RELEASES)
def test_a_second_upgrade_changes_nothing(release, restore):
    engine = restore(release)
    migrate(engine)
    before = read_rows(engine)
    migrate(engine)
    assert read_rows(engine) == before


@pytest.mark.parametrize("release", RELEASES)
def test_undo_puts_pending_members_of_an_old_sync_back(release, restore):
    engine = restore(release)
    written = {
        op: sorted(json.dumps(row, sort_keys=True) for row in rows)
        for op, rows in query(
            engine,
            "select op, array_agg(coalesce(after, before)) from roster.changes "
            "where entity = 'parked_members' and sync_id = 8 group by op",
        )
    }
    migrate(engine)
    before = set(read_rows(engine)["pending_members"])
    with transaction(engine) as pg:
        undone = undo_sync(pg, 8, datetime.now(UTC))
    assert undone.skipped == []
    after = set(read_rows(engine)["pending_members"])
    assert (sorted(before - after), sorted(after - before)) == (written["insert"], written["delete"])
    with transaction(engine) as pg:
        assert undo_sync(pg, undone.sync_id, datetime.now(UTC)).skipped == []
    assert set(read_rows(engine)["pending_members"]) == before


def test_districts_of_tier_library_become_sso_only(restore, caplog):
    engine = restore("first_release")
    with caplog.at_level(logging.WARNING, "roster_pipeline.product.upgrade"):
        migrate(engine)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("1 district of tier library is now of tier sso_only")
    assert LIBRARY_DISTRICT in line
    of_district = "where organization_id = (select id from roster.organizations where clever_district_id = :id)"
    tier = "select tier from roster.organizations where clever_district_id = :id"
    assert query(engine, tier, id=LIBRARY_DISTRICT) == [("sso_only",)]
    state = f"select state from roster.refresh_requests {of_district}"
    assert query(engine, state, id=LIBRARY_DISTRICT) == [("failed",)]


def test_a_database_older_than_any_release_is_refused(restore):
    engine = restore("first_release")
    execute(engine, "update roster.alembic_version set version_num = '0012'")
    with pytest.raises(ProductUnusable, match="revision 0012, which no release had"):
        migrate(engine)
    assert query(engine, "select version_num from roster.alembic_version") == [("0012",)]
