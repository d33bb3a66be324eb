"""Servers without the roles: two processes create them at once, or an administrator does."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkdtemp

import pytest
import sqlalchemy as sa

from roster_pipeline.embedded import product_url, stop_if_last
from roster_pipeline.product.database import MAY_BE_WRITER, connect, migrate
from roster_pipeline.settings import Settings
from roster_pipeline_tests.support.readers import difference, execute, published, query
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.scripts import wait_until


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


def test_sync_runs_as_itself_until_the_roles_exist(valley, quick_sync, product, administrator):
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
        execute(product, "call roster.grant_access()")


@pytest.fixture
def database(administrator):
    """Makes an empty database, as the user sees it who owns it."""
    engines = []

    def made(owner):
        run(administrator, f"create database of_{owner} owner {owner}")
        url = administrator.url.set(username=owner, database=f"of_{owner}")
        engines.append(connect(url.render_as_string(hide_password=False)))
        return engines[-1]

    yield made
    for engine in engines:
        engine.dispose()


def test_user_who_may_create_roles_becomes_the_writer(administrator, database):
    run(administrator, "create role maker login createrole")
    product = database("maker")
    migrate(product)
    assert roles(administrator) == [(f"roster_{name}",) for name in ("identify", "page", "reader", "writer")]
    assert query(product, MAY_BE_WRITER) == [(True,)]


def test_roles_created_at_the_same_moment_do_not_collide(administrator, database):
    product = database("postgres")
    waiting = "select count(*) from pg_stat_activity where datname = 'of_postgres' and wait_event_type = 'Lock'"
    with (
        ThreadPoolExecutor() as pool,
        administrator.execution_options(isolation_level="READ COMMITTED").connect() as other,
    ):
        other.execute(sa.text("create role roster_writer"))
        migrating = pool.submit(migrate, product)
        wait_until(lambda: query(administrator, waiting) == [(1,)])
        other.commit()
        migrating.result(timeout=240)
    assert query(product, MAY_BE_WRITER) == [(True,)]
