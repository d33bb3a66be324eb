"""Serve a small district over real HTTP and sync it, with Dagster or without."""

from dataclasses import dataclass
from itertools import count

import dagster as dg
import httpx
import pytest

from roster_pipeline.clever import clever_access
from roster_pipeline.definitions import build_definitions
from roster_pipeline.defs.launch import add_partition, run_sync
from roster_pipeline.defs.resources import DistrictSync
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.sandbox.api.server import running_sandbox
from roster_pipeline.sandbox.data.generate import DistrictSpec, generate_district
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.decisions import account, decide, renamed, student, undo  # noqa: F401 - fixtures
from roster_pipeline_tests.support.remembered import known_sync, remembered  # noqa: F401 - fixtures
from roster_pipeline_tests.support.stages import sync_by_stages

VALLEY = DistrictSpec("Alder Valley", 3, 60, 12, 24, 4.0, staff=2, contacts=5)
HAMLET = DistrictSpec("Birch Hamlet", 2, 30, 6, 10, 3.0)
CLIENT_ID, CLIENT_SECRET = "app-for-tests", "never-shown-anywhere"


class Impatient(DistrictSync):
    """The Clever resource of the real job, except that it does not sleep between its tries."""

    def clever(self):
        return impatient_client()


def impatient_client():
    """Return a client of Clever that does not sleep between its tries."""
    return CleverClient(clever_access(read_settings()), sleep=lambda _seconds: None)


@dataclass(frozen=True)
class Sandbox:
    """A running Clever sandbox. It serves the districts in `served`."""

    url: str
    served: list
    http: httpx.Client

    def go_wrong(self, *faults):
        """Replace the faults of the sandbox. A fault is a path prefix, the number of the request, and a kind."""
        asked = [dict(zip(("path_prefix", "nth", "kind"), fault, strict=True)) for fault in faults]
        self.http.post(f"{self.url}/sandbox/faults", json=asked).raise_for_status()


@pytest.fixture(scope="session")
def running():
    """Start one sandbox for all tests. Each request counts for another minute of the rate limit."""
    served, minutes = [], count(step=60)
    names = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    with running_sandbox(served, clock=lambda: float(next(minutes)), **names) as address, httpx.Client() as http:
        yield Sandbox(address.url, served, http)


@pytest.fixture
def clever(running):
    """Return the sandbox without districts and faults."""
    running.served.clear()
    running.go_wrong()
    return running


@pytest.fixture
def environment(monkeypatch, tmp_path, database_url, clever):
    """Set the ROSTER_* settings of one installation, as an operator would export them."""
    values = {
        "ROSTER_HOME": str(tmp_path / "home"),
        "ROSTER_DATABASE_URL": database_url,
        "ROSTER_CLEVER_API_URL": clever.url,
        "ROSTER_CLEVER_AUTH_URL": clever.url,
        "ROSTER_CLEVER_CLIENT_ID": CLIENT_ID,
        "ROSTER_CLEVER_CLIENT_SECRET": CLIENT_SECRET,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def connect(environment, clever, product, is_masked):
    """Serve a district and connect it."""

    def connected(district, tier="secure_sync"):
        if is_masked:
            district.mask_people()
        clever.served.append(district)
        with transaction(product) as pg:
            connect_district(pg, district.id, name=district.name, tier=tier)
        return district

    return connected


@pytest.fixture
def valley(connect):
    """Connect a district of three schools, of which one student or one class is less than a tenth."""
    return connect(generate_district(VALLEY, seed=5))


@pytest.fixture
def hamlet(connect):
    """Connect another district."""
    return connect(generate_district(HAMLET, seed=6))


@pytest.fixture(scope="session")
def job():
    return build_definitions({"sync": Impatient()}).resolve_job_def("sync_roster")


@pytest.fixture
def instance():
    """Create a Dagster instance in memory for one test."""
    with dg.DagsterInstance.ephemeral() as forgetful:
        yield forgetful


@pytest.fixture
def sync(environment, job, instance):
    """Sync a district through the Dagster job. Return the result of the run."""

    def synced(district, mode="full"):
        add_partition(instance, district.id)
        said = {"name": district.name, "on_step": lambda _asset, _metadata: None}
        return run_sync(instance, job, district.id, mode=mode, **said)

    return synced


@pytest.fixture
def checks(instance):
    """Return the results of an asset check in the last run: whether it passed and its metadata, by asset."""

    def outcomes(name):
        (run,) = instance.get_runs(limit=1)
        found = {}
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
            one = entry.dagster_event.event_specific_data
            if one.check_name == name:
                named = ("district", "district_id")
                said = {key: value.value for key, value in one.metadata.items() if key not in named}
                found[one.asset_key.to_user_string()] = (one.passed, said)
        return found

    return outcomes


@pytest.fixture
def quick_sync(environment, product):
    """Sync a district without Dagster, which takes a fraction of the time. Return the plan."""

    def synced(district, limits=None, *, mode="full", **how):
        return sync_by_stages(read_settings(), product, district.id, mode=mode, limits=limits, **how)

    return synced


@pytest.fixture
def hasty_sync(quick_sync):
    """Sync a district without Dagster and without a pause between tries."""
    return lambda district: quick_sync(district, clever=impatient_client)


@pytest.fixture
def latest(environment):
    """Return the path of the analysts' database."""
    return read_settings().snapshots_folder / "latest.duckdb"


@pytest.fixture
def identified(environment):
    """Return the file of the analysts' database that has names."""
    return read_settings().snapshots_folder / "identified" / "latest.duckdb"


@pytest.fixture
def publish(quick_sync):
    """Sync a district, and update the analysts' database."""
    return lambda district: quick_sync(district, snapshot=True)


@pytest.fixture
def known_publish(known_sync):
    """Do what `publish` does, or copy what it left in another test."""
    return lambda district: known_sync(district, snapshot=True)
