"""What many tests need: a database of their own on one real PostgreSQL server, and the shared recordings."""

import gc
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from roster_pipeline.embedded import product_url, stop_if_last
from roster_pipeline.product.database import connect, migrate
from roster_pipeline.settings import Settings

MEMORY = Path("/dev/shm")
"""Where Linux has files in memory. A sync of a tiny district waits longer for the disk than it works."""
ENOUGH = 4 * 2**30
"""Bytes."""
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH:
    tempfile.tempdir = str(MEMORY)
TEMPLATE = "migrated"
NUMBERS = count(1)


def pytest_collection_finish() -> None:
    """What is imported by now stays: looking through it for garbage again and again takes a tenth of every test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recordings that lies beside a development checkout."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the shared recordings are not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """One embedded server for the whole session, with a migrated database to copy from."""
    with migrated_server() as url:
        yield url


@contextmanager
def migrated_server() -> Iterator[str]:
    """An embedded server and its migrated database, for as long as the context lasts; its SQLAlchemy URL.

    Not under pytest's own folder: each session closes that to the user whom the server runs as.
    """
    home = Path(mkdtemp(prefix="roster-tests-"))
    settings = Settings(home=home, database_url=None)
    url = product_url(settings)
    try:
        # A machine that stops could lose what is not on the disk yet; a server that is killed loses nothing.
        for statement in ("alter system set fsync = off", "select pg_reload_conf()"):
            execute_apart(url, statement)
        execute_apart(url, f"create database {TEMPLATE}")
        template = connect(named(url, TEMPLATE))
        migrate(template)
        template.dispose()
        yield url
    finally:
        stop_if_last(settings)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """A database of this test alone, at the newest migration, as an operator would name it."""
    name = f"test_{next(NUMBERS)}"
    execute_apart(server_url, f"create database {name} template {TEMPLATE}")
    yield named(server_url, name).replace("postgresql+psycopg://", "postgresql://")
    execute_apart(server_url, f"drop database {name} with (force)")


@pytest.fixture
def product(database_url: str) -> Iterator[Engine]:
    """The product's database, migrated and empty."""
    engine = connect(database_url.replace("postgresql://", "postgresql+psycopg://"))
    yield engine
    engine.dispose()


def named(url: str, database: str) -> str:
    """The URL of another database of the same server."""
    return sa.make_url(url).set(database=database).render_as_string(hide_password=False)


def execute_apart(url: str, statement: str) -> None:
    """One statement that cannot be in a transaction."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
