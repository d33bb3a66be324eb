"""What many tests need: a database of their own on one real PostgreSQL server, and the shared recordings."""

import gc
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine

from roster_pipeline.product.database import connect
from roster_pipeline_tests.support.server import TEMPLATE, execute_apart, migrated_server, named

NUMBERS = count(1)


LAYERS = ("unit", "sql", "integration", "properties", "e2e", "browser", "chaos", "benchmarks")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option to run journeys with districts that share no names and emails (docs/rules.md R6.7)."""
    parser.addoption("--masked", action="store_true", help="districts share no names and emails; for e2e/ and browser/")


@pytest.fixture(scope="session")
def is_masked(pytestconfig: pytest.Config) -> bool:
    """Whether districts share no names and emails of people."""
    return bool(pytestconfig.getoption("masked"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with the layer that its folder names. With masked people, leave out what needs names."""
    folder = Path(__file__).parent
    for item in items:
        layer = item.path.relative_to(folder).parts[0]
        if layer in LAYERS:
            item.add_marker(layer)
    if config.getoption("masked"):
        items[:] = [item for item in items if not item.get_closest_marker("names")]


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


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """A database of this test alone, at the newest migration, as an operator would name it."""
    name = f"test_{next(NUMBERS)}"
    execute_apart(server_url, f"create database {name} template {TEMPLATE} strategy file_copy")
    yield named(server_url, name).replace("postgresql+psycopg://", "postgresql://")
    execute_apart(server_url, f"drop database {name} with (force)")


@pytest.fixture
def product(database_url: str) -> Iterator[Engine]:
    """The product's database, migrated and empty."""
    engine = connect(database_url.replace("postgresql://", "postgresql+psycopg://"))
    yield engine
    engine.dispose()
