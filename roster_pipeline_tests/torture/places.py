"""Where a case happens: installations of their own, on one PostgreSQL server, and the Clever that they read."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import httpx
import sqlalchemy as sa
from sqlalchemy import Engine

from roster_pipeline.embedded import product_url, stop_if_last
from roster_pipeline.product.database import connect, migrate, transaction
from roster_pipeline.product.organizations import connect_district, set_limits
from roster_pipeline.sandbox.district import SandboxDistrict
from roster_pipeline.sandbox.server import running_sandbox
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline_tests.integration.conftest import CLIENT_ID, CLIENT_SECRET
from roster_pipeline_tests.torture.console import Console
from roster_pipeline_tests.torture.network import NETWORK

MIGRATED = "migrated"
"""The database that every other one is copied from, here as in the tests."""
OWN = "torture"
"""By this name PostgreSQL knows the connections that only look."""


@dataclass(frozen=True)
class Place:
    """One installation: its settings as an operator would export them, and an engine to look at its product."""

    environment: Mapping[str, str]
    engine: Engine
    home: Path

    @property
    def latest(self) -> Path:
        return self.home / "snapshots" / "latest.duckdb"

    @contextmanager
    def entered(self) -> Iterator[Settings]:
        """This process has the settings of the place for as long as the context lasts."""
        before = {name: os.environ.get(name) for name in self.environment}
        os.environ.update(self.environment)
        try:
            yield read_settings()
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value

    def connect(self, district: SandboxDistrict, limits: Mapping[str, float] | None = None) -> None:
        """Make the district an organization, with limits of its own if any are given."""
        with transaction(self.engine) as pg:
            connect_district(pg, district.id, name=district.name, tier="secure_sync")
            set_limits(pg, district.id, limits or {}, once=False)


@dataclass(frozen=True)
class Clever:
    """A Clever stand-in that listens; what is in `served` is what it serves."""

    url: str
    served: list[SandboxDistrict]
    client: httpx.Client

    def go_wrong(self, faults: Iterable[tuple[str, int, str]]) -> None:
        """From now on these faults, (path prefix, nth request, kind), and no others."""
        asked = [dict(zip(("path_prefix", "nth", "kind"), fault, strict=True)) for fault in faults]
        self.client.post(f"{self.url}/sandbox/faults", json=asked).raise_for_status()


@dataclass(frozen=True)
class Ground:
    """What all cases of one process share: a server, a Clever and a console. Each case has places of its own."""

    server_url: str
    clever: Clever
    console: Console
    folder: Path
    numbers: Iterator[int]

    @contextmanager
    def place(self, *, like: Place | None = None) -> Iterator[Place]:
        """A new installation; empty, or as `like` is now, where nothing may be going on."""
        name = f"torture_{os.getpid()}_{next(self.numbers)}"
        template = like.engine.url.database if like else MIGRATED
        if like:
            like.engine.dispose()
        execute_apart(self.server_url, f"create database {name} template {template}")
        home = self.folder / name
        shutil.copytree(like.home, home) if like else home.mkdir()
        engine = sa.create_engine(
            self._named(name), connect_args={"application_name": OWN, "options": "-c timezone=UTC"}
        )
        try:
            yield Place(self._environment(name, home), engine, home)
        finally:
            engine.dispose()
            execute_apart(self.server_url, f"drop database {name} with (force)")
            shutil.rmtree(home)

    def _environment(self, database: str, home: Path) -> dict[str, str]:
        return {
            "ROSTER_HOME": str(home),
            "ROSTER_DATABASE_URL": _for_operators(self._named(database)),
            "ROSTER_DAGSTER_DATABASE_URL": _for_operators(self._named(f"dagster_{os.getpid()}")),
            "ROSTER_CLEVER_API_URL": self.clever.url,
            "ROSTER_CLEVER_AUTH_URL": self.clever.url,
            "ROSTER_CLEVER_CLIENT_ID": CLIENT_ID,
            "ROSTER_CLEVER_CLIENT_SECRET": CLIENT_SECRET,
            "GIT_PYTHON_REFRESH": "quiet",
        }

    def _named(self, database: str) -> str:
        return named(self.server_url, database)


@contextmanager
def ground(server_url: str) -> Iterator[Ground]:
    """Everything that this process needs, on a server that has the migrated database."""
    minutes, served = count(step=60), []
    names = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    execute_apart(server_url, f"create database dagster_{os.getpid()}")
    with ExitStack() as stack:
        stack.callback(execute_apart, server_url, f"drop database dagster_{os.getpid()} with (force)")
        folder = Path(mkdtemp(prefix="roster-torture-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        console = stack.enter_context(Console(folder / "console.log"))
        # Each request falls into a minute of its own, so that none uses up the rate limit.
        address = stack.enter_context(running_sandbox(served, clock=lambda: float(next(minutes)), **names))
        yield Ground(server_url, Clever(address.url, served, httpx.Client(transport=NETWORK)), console, folder, count(1))


@contextmanager
def embedded_server() -> Iterator[str]:
    """An embedded server with the migrated database, under a folder of its own; its SQLAlchemy URL."""
    home = Path(mkdtemp(prefix="roster-torture-"))
    settings = Settings(home=home, database_url=None)
    url = product_url(settings)
    try:
        # What is tried is the death of its clients, not its own: it need not wait for the disk.
        for statement in ("alter system set fsync = off", "select pg_reload_conf()", f"create database {MIGRATED}"):
            execute_apart(url, statement)
        template = connect(named(url, MIGRATED))
        migrate(template)
        template.dispose()
        yield url
    finally:
        stop_if_last(settings)
        shutil.rmtree(home, ignore_errors=True)


def named(url: str, database: str) -> str:
    return sa.make_url(url).set(database=database).render_as_string(hide_password=False)


def execute_apart(url: str, statement: str) -> None:
    """One statement that cannot be in a transaction."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def _for_operators(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")
