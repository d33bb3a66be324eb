"""A small district behind real HTTP, and its sync: through the Dagster job, or stage by stage where speed counts."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import httpx
import pytest

from roster_pipeline.clever import clever_access
from roster_pipeline.definitions import build_definitions
from roster_pipeline.defs.launch import add_partition, run_sync
from roster_pipeline.defs.resources import DistrictSync
from roster_pipeline.defs.specs import DECIDING_MODELS, STAGING_MODELS
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.land import last_landed, open_warehouse, proof_of
from roster_pipeline.land.excerpt import settle
from roster_pipeline.land.warehouse import discard_excerpt, open_excerpt
from roster_pipeline.plan.build import build_plan
from roster_pipeline.plan.consequences import consequences
from roster_pipeline.plan.summary import summarize
from roster_pipeline.plan.told import count_told
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.publish.apply import apply_plan
from roster_pipeline.publish.current import read_current
from roster_pipeline.publish.holds import standing_of
from roster_pipeline.publish.ledger import begin_sync, finish_sync, organization_of
from roster_pipeline.publish.requests import scopes_asked
from roster_pipeline.publish.settled import last_published, record_mode
from roster_pipeline.reading import Asked, read_district
from roster_pipeline.reconcile.differences import find_differences
from roster_pipeline.sandbox.generate import DistrictSpec, generate_district
from roster_pipeline.sandbox.server import running_sandbox
from roster_pipeline.settings import read_settings
from roster_pipeline.snapshot import write_snapshot
from roster_pipeline.stage import run_models
from roster_pipeline.validate.quarantine import begin_quarantine, quarantine
from roster_pipeline_tests.integration.decisions import (  # noqa: F401 - fixtures
    account,
    decide,
    renamed,
    student,
    undo,
)

VALLEY = DistrictSpec("Alder Valley", 3, 60, 12, 24, 4.0, staff=2, contacts=5)
HAMLET = DistrictSpec("Birch Hamlet", 2, 30, 6, 10, 3.0)
CLIENT_ID, CLIENT_SECRET = "app-for-tests", "never-shown-anywhere"


class Impatient(DistrictSync):
    """The resource of the real job, which does not sleep between its tries."""

    def clever(self):
        return CleverClient(clever_access(read_settings()), sleep=lambda _seconds: None)


@dataclass(frozen=True)
class Sandbox:
    """A Clever stand-in that listens; what is in `served` is what it serves."""

    url: str
    served: list

    def go_wrong(self, *faults):
        """From now on these faults, (path prefix, nth request, kind), and no others."""
        asked = [dict(zip(("path_prefix", "nth", "kind"), fault, strict=True)) for fault in faults]
        httpx.post(f"{self.url}/sandbox/faults", json=asked).raise_for_status()


@pytest.fixture(scope="session")
def running():
    """One server for all tests; each request falls into a minute of its own, so that none uses up the rate limit."""
    served, minutes = [], count(step=60)
    names = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    with running_sandbox(served, clock=lambda: float(next(minutes)), **names) as address:
        yield Sandbox(address.url, served)


@pytest.fixture
def clever(running):
    """The sandbox, serving nothing yet and without faults."""
    running.served.clear()
    running.go_wrong()
    return running


@pytest.fixture
def environment(monkeypatch, tmp_path, database_url, clever):
    """The ROSTER_* settings of one installation, as an operator would export them."""
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
def connect(environment, clever, product):
    """Serves a district and makes it an organization."""

    def connected(district, tier="secure_sync"):
        clever.served.append(district)
        with transaction(product) as pg:
            connect_district(pg, district.id, name=district.name, tier=tier)
        return district

    return connected


@pytest.fixture
def valley(connect):
    """A connected district of three schools; one student or one class is less than a tenth of it."""
    return connect(generate_district(VALLEY, seed=5))


@pytest.fixture
def hamlet(connect):
    """Another connected district."""
    return connect(generate_district(HAMLET, seed=6))


@pytest.fixture(scope="session")
def job():
    return build_definitions({"sync": Impatient()}).resolve_job_def("sync_roster")


@pytest.fixture
def instance():
    """A Dagster that forgets everything with the test."""
    with dg.DagsterInstance.ephemeral() as forgetful:
        yield forgetful


@pytest.fixture
def sync(environment, job, instance):
    """Syncs a district through the Dagster job, and says how it ended."""

    def synced(district):
        add_partition(instance, district.id)
        return run_sync(instance, job, district.id, name=district.name, on_step=lambda _asset, _metadata: None)

    return synced


@pytest.fixture
def checks(instance):
    """The outcomes of a named asset check in the last run: asset to (passed, metadata)."""

    def outcomes(name):
        (run,) = instance.get_runs(limit=1)
        found = {}
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
            one = entry.dagster_event.event_specific_data
            if one.check_name == name:
                said = {key: value.value for key, value in one.metadata.items()}
                found[one.asset_key.to_user_string()] = (one.passed, said)
        return found

    return outcomes


@pytest.fixture
def quick_sync(environment, product):
    """The stages of a sync in the order of `defs/assets.py`, without Dagster, and without the snapshot unless asked.

    Several times as fast. That both ways end alike is a test of its own, in `test_properties`.
    """

    def synced(district, limits=None, *, mode="full", snapshot=False):
        settings = read_settings()
        discard_excerpt(settings.districts_folder, district.id)
        reading = _bring_in(product, settings, district.id, mode)
        is_excerpt = reading.landed is None
        opened = open_excerpt if is_excerpt else open_warehouse
        with opened(settings.districts_folder, district.id) as con:
            landed = last_landed(con)
            _decide(con, product, district.id, is_excerpt=is_excerpt)
            with transaction(product) as pg:
                organization_id = organization_of(pg, district.id)
                standing = standing_of(pg, organization_id, datetime.now(UTC))
                plan = build_plan(
                    con,
                    sync_id=landed.sync_id,
                    organization_id=organization_id,
                    district_id=district.id,
                    emptied=landed.emptied,
                    standing=replace(standing, limits=limits) if limits else standing,
                    is_excerpt=is_excerpt,
                )
                apply_plan(con, pg, plan, datetime.now(UTC))
                finish_sync(
                    pg,
                    plan,
                    landed.district,
                    summary=summarize(con, plan),
                    answers={scope: summarize(con, plan, scope) for scope in scopes_asked(pg, plan.sync_id)},
                    told=count_told(con),
                    at=datetime.now(UTC),
                    proof=proof_of(con, plan.sync_id),
                    leaves=consequences(con),
                )
            settle(con, plan.sync_id, is_excerpt=is_excerpt)
        discard_excerpt(settings.districts_folder, district.id)
        if snapshot:
            _leave_snapshot(product, settings, plan)
        return plan

    return synced


def _bring_in(product, settings, district_id, mode):
    with transaction(product) as pg:
        published = last_published(pg, organization_of(pg, district_id))
        sync_id = begin_sync(pg, district_id, dagster_run_id="none", mode=mode, trigger="cli", at=datetime.now(UTC))
    with CleverClient(clever_access(settings)) as client, TemporaryDirectory() as folder:
        version, files = settings.clever_api_version, settings.districts_folder
        asked = Asked(district_id, sync_id, mode, published, files, Path(folder), version, datetime.now(UTC))
        reading = read_district(client, asked)
    with transaction(product) as pg:
        record_mode(pg, sync_id, reading.choice.mode, reading.choice.reason)
    return reading


def _decide(con, product, district_id, *, is_excerpt):
    begin_quarantine(con)
    for model, _ in run_models(con, STAGING_MODELS):
        quarantine(con, model.name)
    with transaction(product) as pg:
        read_current(con, pg, organization_of(pg, district_id), is_excerpt=is_excerpt)
    list(run_models(con, DECIDING_MODELS))
    find_differences(con)


def _leave_snapshot(product, settings, plan):
    with transaction(product) as pg:
        write_snapshot(
            pg,
            settings.snapshots_folder,
            district_id=plan.district_id,
            organization_id=plan.organization_id,
            sync_id=plan.sync_id,
            at=datetime.now(UTC),
            changed=plan.total > 0,
        )
