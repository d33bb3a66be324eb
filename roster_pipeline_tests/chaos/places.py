"""Create installations on one PostgreSQL server, with the Clever sandbox that they read."""

import os
import shutil
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import httpx
import sqlalchemy as sa
from sqlalchemy import Engine

from roster_pipeline.model.limits import Limits
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connect_district, set_limits
from roster_pipeline.sandbox.api.server import running_sandbox
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline_tests.chaos.network import NETWORK
from roster_pipeline_tests.support.changes import NO_LIMITS
from roster_pipeline_tests.support.district import CLIENT_ID, CLIENT_SECRET
from roster_pipeline_tests.support.server import TEMPLATE, execute_apart, named

NOTHING_HELD = replace(NO_LIMITS, district_updates=1.0)
OWN = "chaos"
"""By this name PostgreSQL knows the connections that only look."""


@dataclass(frozen=True)
class Place:
    """One installation: its settings, and an engine to look at its product."""

    environment: Mapping[str, str]
    engine: Engine
    home: Path

    @property
    def latest(self) -> Path:
        """Return the file of the analysts that has names."""
        return self.home / "snapshots" / "identified" / "latest.duckdb"

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Set the settings of the installation in this process while the context lasts."""
        before = {name: os.environ.get(name) for name in self.environment}
        os.environ.update(self.environment)
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value

    def connect(self, district: SandboxDistrict) -> None:
        """Connect the district without a limit for removals."""
        with transaction(self.engine) as pg:
            connect_district(pg, district.id, name=district.name, tier="secure_sync")
        self.limit(district.id, NOTHING_HELD)

    def limit(self, district_id: str, limits: Limits) -> None:
        """Set the share of the district that may leave without approval."""
        with transaction(self.engine) as pg:
            set_limits(pg, district_id, asdict(limits), once=False)


@dataclass(frozen=True)
class Clever:
    """A running Clever sandbox. It serves the districts in `served`."""

    url: str
    served: list[SandboxDistrict]
    client: httpx.Client

    def go_wrong(self, faults: Iterable[tuple[str, int, str]]) -> None:
        """Replace the faults of the sandbox. A fault is a path prefix, the number of the request, and a kind."""
        asked = [dict(zip(("path_prefix", "nth", "kind"), fault, strict=True)) for fault in faults]
        self.client.post(f"{self.url}/sandbox/faults", json=asked).raise_for_status()


@dataclass(frozen=True)
class Ground:
    """The server and the sandbox that all cases of one process share. Each case has its own installation.

    Attributes:
        reach: how far each kind of command got undisturbed, as far as is known.
    """

    server_url: str
    clever: Clever
    folder: Path
    numbers: Iterator[int]
    reach: dict[Hashable, float] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """Return the file with the output of the commands."""
        return self.folder / "log"

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Create a new and empty installation."""
        name = f"chaos_{os.getpid()}_{next(self.numbers)}"
        execute_apart(self.server_url, f"create database {name} template {TEMPLATE}")
        home = self.folder / name
        home.mkdir()
        engine = sa.create_engine(
            named(self.server_url, name), connect_args={"application_name": OWN, "options": "-c timezone=UTC"}
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
            "ROSTER_DATABASE_URL": _for_operators(named(self.server_url, database)),
            "ROSTER_DAGSTER_DATABASE_URL": _for_operators(named(self.server_url, f"dagster_{os.getpid()}")),
            "ROSTER_CLEVER_API_URL": self.clever.url,
            "ROSTER_CLEVER_AUTH_URL": self.clever.url,
            "ROSTER_CLEVER_CLIENT_ID": CLIENT_ID,
            "ROSTER_CLEVER_CLIENT_SECRET": CLIENT_SECRET,
            "GIT_PYTHON_REFRESH": "quiet",
        }


@contextmanager
def ground(server_url: str) -> Iterator[Ground]:
    """Create everything that a process needs, on a server with the migrated database."""
    minutes, served = count(step=60), []
    names = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    execute_apart(server_url, f"create database dagster_{os.getpid()}")
    with ExitStack() as stack:
        stack.callback(execute_apart, server_url, f"drop database dagster_{os.getpid()} with (force)")
        folder = Path(mkdtemp(prefix="roster-chaos-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        # Each request falls into a minute of its own, so that none uses up the rate limit.
        address = stack.enter_context(running_sandbox(served, clock=lambda: float(next(minutes)), **names))
        yield Ground(server_url, Clever(address.url, served, httpx.Client(transport=NETWORK)), folder, count(1))


def _for_operators(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")
