"""Servers where the roles of migration 0007 are not there yet: made by many at once, or left to an administrator."""

import shutil
import sys
from pathlib import Path
from subprocess import Popen
from tempfile import mkdtemp

import pytest
import sqlalchemy as sa

from roster_pipeline.embedded import product_url, stop_if_last
from roster_pipeline.product.database import connect, migrate
from roster_pipeline.settings import Settings
from roster_pipeline_tests.integration.readers import difference, execute, published, query
from roster_pipeline_tests.integration.rule_book import expect

MIGRATE = "import sys; from roster_pipeline.product.database import connect, migrate; migrate(connect(sys.argv[1]))"


@pytest.fixture
def administrator():
    """A server of this test alone, as its superuser sees it."""
    settings = Settings(home=Path(mkdtemp(prefix="roster-tests-")), database_url=None)
    engine = sa.create_engine(product_url(settings), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()
    stop_if_last(settings)
    shutil.rmtree(settings.home, ignore_errors=True)


def run(engine, *statements):
    with engine.connect() as pg:
        for statement in statements:
            pg.execute(sa.text(statement))


@pytest.fixture
def database_url(administrator):
    """A migrated database, and a user who owns it and nothing else."""
    run(administrator, "create role plain login", "create database own owner plain")
    url = administrator.url.set(username="plain", database="own")
    engine = connect(url.render_as_string(hide_password=False))
    migrate(engine)
    engine.dispose()
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def roles(engine):
    return query(engine, "select rolname from pg_roles where rolname like 'roster%' order by 1")


def test_given_a_user_who_may_not_make_roles_when_synced_then_as_itself_until_an_administrator_makes_them(
    valley, quick_sync, product, administrator
):
    execute(product, "alter table roster.changes add column written_by text default current_user")
    writers = "select distinct written_by from roster.changes where sync_id = :sync"
    first = quick_sync(valley)
    assert roles(administrator) == []
    assert query(product, writers, sync=first.sync_id) == [("plain",)]
    run(administrator, "create role roster_writer", "create role roster_reader", "grant roster_writer to plain")
    section = valley.get("sections", valley.resources["sections"].ids()[0])
    for name, writer in (("Changed once", "plain"), ("Changed twice", "roster_writer")):
        valley.put("sections", section | {"name": name})
        assert query(product, writers, sync=quick_sync(valley).sync_id) == [(writer,)]
        assert difference(expect(valley), published(product, valley.id)) == {}
        execute(product, "call roster.raise_walls()")


def test_given_databases_of_one_new_server_when_migrated_at_once_then_all_have_the_roles(administrator):
    names = [f"together_{number}" for number in range(4)]
    run(administrator, *(f"create database {name}" for name in names))
    engines = [connect(administrator.url.set(database=name).render_as_string(hide_password=False)) for name in names]
    started = [Popen([sys.executable, "-c", MIGRATE, engine.url.render_as_string()]) for engine in engines]
    assert [process.wait(60) for process in started] == [0] * len(names)
    assert roles(administrator) == [("roster_reader",), ("roster_writer",)]
    granted = "select has_table_privilege('roster_writer', 'roster.rosters', 'select')"
    assert [query(engine, granted) for engine in engines] == [[(True,)]] * len(names)
    for engine in engines:
        engine.dispose()
