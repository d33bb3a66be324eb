"""Dagster's tables beside those of an application with the same names, and those of an older installation."""

import pytest
import sqlalchemy as sa
from dagster_postgres import DagsterPostgresStorage

from roster_pipeline.defs.launch import add_partition, dagster_instance, run_sync
from roster_pipeline.defs.partitions import DISTRICTS
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.server import execute_apart

APPLICATION = {
    "alembic_version": "(version_num varchar(32) primary key)",
    "runs": "(id serial primary key, runner text, kilometres int)",
    "jobs": "(id serial primary key, title text)",
    "kvs": "(key text primary key, value text)",
    "event_logs": "(id serial primary key, line text)",
    "instance_info": "(id text)",
}
COLUMNS = """
    select table_name, string_agg(column_name, ',' order by ordinal_position) from information_schema.columns
    where table_schema = 'public' group by 1 order by 1
"""
TABLES = "select table_name from information_schema.tables where table_schema = :schema"


@pytest.fixture
def application(product):
    """An application's own tables in schema public, under names that Dagster uses too."""
    for name, columns in APPLICATION.items():
        execute(product, f"create table public.{name} {columns}")
    execute(product, "insert into public.alembic_version values ('3fd1c9a2b7e4')")
    return query(product, COLUMNS)


def tables(product, schema):
    return {name for (name,) in query(product, TABLES, schema=schema)}


def test_tables_of_the_application_are_not_taken_for_dagsters(application, valley, job, product):
    with dagster_instance(read_settings()) as dagster:
        add_partition(dagster, valley.id)
        ended = run_sync(dagster, job, valley.id, name=valley.name, on_step=lambda _asset, _metadata: None)
        assert (ended.exit_code, ended.failure) == (0, None)
        assert [run.run_id for run in dagster.get_runs()] == [ended.run_id]
        assert dagster.get_dynamic_partitions(DISTRICTS) == [valley.id]
    assert query(product, COLUMNS) == application
    assert query(product, "select version_num from public.alembic_version") == [("3fd1c9a2b7e4",)]
    assert {"runs", "event_logs", "jobs", "kvs", "alembic_version"} <= tables(product, "roster_dagster")


def test_older_installation_keeps_dagsters_tables_in_public(environment, database_url, product):
    older = DagsterPostgresStorage(database_url.replace("postgresql://", "postgresql+psycopg2://"))
    older.event_log_storage.add_dynamic_partitions(DISTRICTS, ["5" * 24])
    with dagster_instance(read_settings()) as dagster:
        assert dagster.get_dynamic_partitions(DISTRICTS) == ["5" * 24]
        add_partition(dagster, "6" * 24)
    assert sorted(older.event_log_storage.get_dynamic_partitions(DISTRICTS)) == ["5" * 24, "6" * 24]
    assert query(product, "select to_regnamespace('roster_dagster')::text") == [(None,)]


def test_dagsters_own_migrations_work_in_its_schema(application, environment, product):
    with dagster_instance(read_settings()) as dagster:
        storages = (dagster.run_storage, dagster.event_log_storage, dagster.schedule_storage)
        ((head,),) = query(product, "select version_num from roster_dagster.alembic_version")
        execute(product, "update roster_dagster.alembic_version set version_num = '16e3655b4d9b'")
        dagster.upgrade()
        assert [one.alembic_version() for one in storages] == [(head, head)] * 3
    assert query(product, COLUMNS) == application


@pytest.mark.parametrize("named", [True, False])
def test_search_path_counts_only_in_dagsters_own_url(environment, monkeypatch, database_url, product, named):
    execute(product, "create schema elsewhere")
    url = sa.make_url(database_url).update_query_dict({"options": "-c search_path=elsewhere"})
    setting = "ROSTER_DAGSTER_DATABASE_URL" if named else "ROSTER_DATABASE_URL"
    monkeypatch.setenv(setting, url.render_as_string(hide_password=False))
    with dagster_instance(read_settings()) as dagster:
        add_partition(dagster, "5" * 24)
    assert "runs" in tables(product, "elsewhere" if named else "roster_dagster")
    assert tables(product, "roster_dagster" if named else "elsewhere") == set()


def test_existing_schema_needs_no_right_to_create_one(environment, monkeypatch, database_url, server_url, product):
    execute_apart(server_url, "create role keeps_dagster login")
    try:
        execute(product, "create schema roster_dagster authorization keeps_dagster")
        url = sa.make_url(database_url).set(username="keeps_dagster").render_as_string(hide_password=False)
        monkeypatch.setenv("ROSTER_DAGSTER_DATABASE_URL", url)
        with dagster_instance(read_settings()) as dagster:
            assert dagster.get_runs() == []
        assert "runs" in tables(product, "roster_dagster")
    finally:
        execute(product, "drop owned by keeps_dagster")
        execute_apart(server_url, "drop role keeps_dagster")
