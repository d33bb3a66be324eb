"""Each error of PostgreSQL has its class, one line with the place and the remedy, and its exit code."""

import psycopg
import pytest
import sqlalchemy as sa

from roster_pipeline import errors
from roster_pipeline.product.database import connect, migrate, transaction
from roster_pipeline.product.refusals import Place, translate_error
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.scripts import (
    complaint,
    script,  # noqa: F401 - fixtures
)
from roster_pipeline_tests.support.server import execute_apart, named

RAISE = "do $$ begin raise exception 'Quackenbush is in this row' using errcode = '%s'; end $$"
BY_CODE = [
    ("53100", errors.DiskFull, 6, "full disk"),
    ("53300", errors.ConnectionsExhausted, 6, "no connection left"),
    ("25006", errors.ServerReadOnly, 2, "takes no writes"),
    ("28P01", errors.AccessRefused, 6, "refuses the user"),
    ("3D000", errors.DatabaseMissing, 6, "no such database"),
    ("57P01", errors.ServerUnreachable, 6, "is away"),
    ("23505", errors.ProductUnusable, 6, "23505"),
]
WHILE_CONNECTING = [
    ('FATAL: password authentication failed for user "app"', errors.AccessRefused),
    ('FATAL: no pg_hba.conf entry for host "10.0.0.1"', errors.AccessRefused),
    ("fe_sendauth: no password supplied", errors.AccessRefused),
    ('FATAL: database "rosters" does not exist', errors.DatabaseMissing),
    ("FATAL: sorry, too many clients already", errors.ConnectionsExhausted),
    (
        "FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute",
        errors.ConnectionsExhausted,
    ),
    ("FATAL: unsupported startup parameter: options", errors.PoolerRefused),
    ("FATAL: the database system is starting up", errors.ServerUnreachable),
    ("connection refused\n\tIs the server running on that host?", errors.ServerUnreachable),
    ("could not translate host name", errors.ServerUnreachable),
]
PLACE = Place("ROSTER_DATABASE_URL", "db.example.org:5432/rosters")
LIMITED = "limited_to_one_schema"


@pytest.fixture
def limited(server_url):
    """A role that may do nothing but log in."""
    execute_apart(server_url, f"create role {LIMITED} login")
    yield LIMITED
    execute_apart(server_url, f"drop role {LIMITED}")


@pytest.fixture
def empty(server_url):
    """The SQLAlchemy URL of a database without any table of ours."""
    execute_apart(server_url, "create database empty_one")
    yield sa.make_url(named(server_url, "empty_one"))
    execute_apart(server_url, "drop database empty_one with (force)")


def text(url):
    return url.render_as_string(hide_password=False)


@pytest.mark.parametrize(("code", "kind", "exit_code", "words"), BY_CODE)
def test_each_refusal_has_its_class_and_quotes_no_row(product, code, kind, exit_code, words):
    with pytest.raises(errors.RosterError) as refused, transaction(product) as pg:
        pg.exec_driver_sql(RAISE % code)
    line = str(refused.value)
    assert (type(refused.value), refused.value.exit_code, words in line) == (kind, exit_code, True)
    assert "\n" not in line
    assert "Quackenbush" not in line


@pytest.mark.parametrize(("words", "kind"), WHILE_CONNECTING)
def test_failed_connection_repeats_the_words_of_the_server(words, kind):
    refused = translate_error(PLACE, psycopg.OperationalError(f"connection failed: {words}"))
    assert type(refused) is kind
    assert "ROSTER_DATABASE_URL" in str(refused) or kind is errors.ConnectionsExhausted
    assert "db.example.org:5432/rosters" in str(refused)
    assert "\n" not in str(refused)


@pytest.mark.parametrize(
    ("change", "exit_code", "words"),
    [
        ({"database": "nowhere"}, 6, "has no such database"),
        ({"username": "nobody_here"}, 6, "refuses the user"),
        ({"username": LIMITED}, 6, "has no connection left"),
        ({"host": "127.0.0.1", "port": 1, "query": {}}, 6, "127.0.0.1:1/"),
        ({"query": {"sslmod": "require", "host": "127.0.0.1"}}, 2, "does not know"),
    ],
)
def test_wrong_host_is_named_with_its_setting(
    database_url,
    server_url,
    limited,
    script,
    change,
    exit_code,
    words,
):
    execute_apart(server_url, f"alter role {limited} connection limit 0")
    url = sa.make_url(database_url).set(password="hunter2-of-db").set(**change)
    ended = script("districts", ROSTER_DATABASE_URL=text(url))
    assert (ended.returncode, ended.stderr.count("\n"), words in complaint(ended)) == (exit_code, 1, True)
    assert "ROSTER_DATABASE_URL" in complaint(ended) or "no connection" in words
    assert "hunter2" not in ended.stderr


def test_existing_schema_migrates_without_create_rights(empty, limited):
    execute_apart(text(empty), f"create schema roster authorization {limited}")
    engine = connect(text(empty.set(username=limited)))
    migrate(engine)
    assert query(engine, "select count(*) from roster.organizations") == [(0,)]
    engine.dispose()
    execute_apart(text(empty), f"drop owned by {limited}")


def test_missing_schema_names_a_remedy_that_exists(empty, limited):
    engine = connect(text(empty.set(username=limited)))
    with pytest.raises(errors.AccessRefused, match="create schema roster authorization") as refused:
        migrate(engine)
    engine.dispose()
    assert "grant_access" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_foreign_schema_names_no_missing_procedure(empty, limited):
    execute_apart(text(empty), "create schema roster")
    engine = connect(text(empty.set(username=limited)))
    with pytest.raises(errors.AccessRefused, match="usage and create on schema roster") as refused:
        migrate(engine)
    engine.dispose()
    assert "grant_access" not in str(refused.value)


def test_missing_grant_names_the_procedure(product):
    with pytest.raises(errors.AccessRefused, match=r"call roster.grant_access\(\)"), transaction(product) as pg:
        pg.exec_driver_sql(RAISE % "42501")


def test_full_disk_of_the_server_exits_6_and_changes_nothing(valley, sync, product):
    sync(valley)
    before = query(product, "select id, state from roster.syncs order by id")
    execute(
        product,
        "create function public.full_disk() returns trigger language plpgsql as "
        "$$ begin raise exception 'no space' using errcode = '53100'; end $$",
    )
    execute(product, "create trigger full_disk before insert on roster.syncs execute function public.full_disk()")
    ended = sync(valley)
    assert (ended.exit_code, "full disk" in ended.failure, "\n" in ended.failure) == (6, True, False)
    assert query(product, "select id, state from roster.syncs order by id") == before
