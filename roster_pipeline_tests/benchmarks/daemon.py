"""What a real daemon takes: the Clever sandbox, Dagster's daemon with its code server, and what people see of them.

Each case runs in a process of its own; what is measured happens in the daemon's processes. Times are Dagster's and the
product's own: when a run was asked for, when its first step started, when a request was answered.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

import dagster as dg
import sqlalchemy as sa
import yaml
from sqlalchemy import Engine

from roster_pipeline.defs.launch import dagster_instance, prepare_home
from roster_pipeline.embedded import stop_if_last
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.product.tables import organizations
from roster_pipeline.sandbox.api.relations import list_users_of_role
from roster_pipeline.sandbox.api.server import running_sandbox
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.sandbox.data.generate import DistrictSpec, generate_district
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.syncs.requests import file_request
from roster_pipeline_tests.benchmarks.district import SEED, spec_of
from roster_pipeline_tests.benchmarks.measure import ROOT, report
from roster_pipeline_tests.benchmarks.nights import AT_ONCE

CLIENT = "sandbox"
LONGEST = 3600.0
"""Seconds after which a benchmark gives up."""
STARTED = dg.DagsterEventType.STEP_START
ANSWER = "select state from roster.refresh_requests where id = :id"


@dataclass(frozen=True)
class Served:
    """A product whose districts a daemon syncs."""

    product: Engine
    dagster: dg.DagsterInstance


@contextmanager
def serving(districts: Sequence[SandboxDistrict], *, warm: bool, missed_nights: int = 0) -> Iterator[Served]:
    """Run a sandbox, a product with these connected districts, and a daemon.

    Args:
        warm: runs are forks, as `dagster.yaml` has it; else each starts an interpreter.
        missed_nights: since the last full read; 0: never read, and the daemon begins nothing by itself.
    """
    with (
        running_sandbox(districts, client_id=CLIENT, client_secret=CLIENT) as address,
        tempfile.TemporaryDirectory(prefix="roster-bench-") as folder,
    ):
        Path(folder).chmod(0o755)
        settings = _settings(address.url, folder)
        product = open_product(settings)
        with transaction(product) as pg:
            for one in districts:
                connect_district(pg, one.id, name=one.name, tier="secure_sync")
            if missed_nights:
                pg.execute(organizations.update().values(last_full_read_at=_days_ago(missed_nights)))
        try:
            with dagster_instance(settings) as dagster, _daemon(settings, warm=warm):
                yield Served(product, dagster)
        finally:
            product.dispose()
            stop_if_last(settings)


def _days_ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def _settings(url: str, home: str) -> Settings:
    os.environ |= {
        "ROSTER_HOME": home,
        "ROSTER_DATABASE_URL": "",
        "ROSTER_DAGSTER_DATABASE_URL": "",
        "ROSTER_CLEVER_API_URL": url,
        "ROSTER_CLEVER_AUTH_URL": url,
        "ROSTER_CLEVER_CLIENT_ID": CLIENT,
        "ROSTER_CLEVER_CLIENT_SECRET": CLIENT,
        "GIT_PYTHON_REFRESH": "quiet",
    }
    return read_settings()


@contextmanager
def _daemon(settings: Settings, *, warm: bool) -> Iterator[None]:
    home = prepare_home(settings)
    _settle(home / "dagster.yaml", warm=warm)
    command = [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-w", str(ROOT / "workspace.yaml")]
    environment = {**os.environ, "DAGSTER_HOME": str(home), "PYTHONPATH": str(ROOT)}
    with (home / "daemon.log").open("w") as log:
        running = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            yield
        finally:
            for stop, seconds in ((signal.SIGINT, 30), (signal.SIGKILL, 5)):
                try:
                    os.killpg(running.pid, stop)
                    running.wait(seconds)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    continue


def _settle(file: Path, *, warm: bool) -> None:
    """Allow as many runs at once for requests as for the night, so that only their start differs."""
    settings = yaml.safe_load(file.read_text())
    for limit in settings["concurrency"]["runs"]["tag_concurrency_limits"]:
        if limit["key"] != "dagster/partition":
            limit["limit"] = AT_ONCE
    if not warm:
        del settings["run_launcher"]
    file.write_text(yaml.safe_dump(settings))


def small_districts(count: int) -> list[SandboxDistrict]:
    """Return districts of two schools, 300 students and 60 classes."""
    return [generate_district(DistrictSpec(f"Small {n}", 2, 300, 20, 60, 4.0), seed=SEED + n) for n in range(count)]


def runs_of_their_own(districts: int, warm: bool) -> None:
    """Measure one run for each district, started by the daemon. One more district goes first as a warm-up."""
    first, *others = small_districts(districts + 1)
    with serving([first, *others], warm=warm) as served:
        _answered(served, press(served, first))
        for request in [press(served, one) for one in others]:
            _answered(served, request)
        took = [_span(served.dagster, one) for one in _runs(served.dagster, "sync_roster", len(others))]
    report(max(end for _, end in took) - min(begun for begun, _ in took), districts=districts)


def batches(districts: int) -> None:
    """Measure a missed night of some districts, as the daemon catches up on it."""
    with serving(small_districts(districts), warm=True, missed_nights=2) as served:
        _wait(lambda: _read_again(served.product) == districts)
        _wait(lambda: all(one.dagster_run.is_finished for one in _runs(served.dagster, "sync_batch")))
        took = [_span(served.dagster, one) for one in _runs(served.dagster, "sync_batch")]
    report(max(end for _, end in took) - min(begun for begun, _ in took), districts=districts, runs=len(took))


def presses(students: int, times: int, changes: int, warm: bool) -> None:
    """File refresh requests one after the other, each after some changes in Clever."""
    district, rng = generate_district(spec_of(students), SEED), Random(SEED)
    with serving([district], warm=warm) as served:
        for _ in range(2):  # the first reads everything and makes the launcher ready
            _answered(served, press(served, district))
        found = [_press_after_changes(served, district, changes, rng) for _ in range(times)]
    report(median(one["published"] for one in found), presses=found)


def _press_after_changes(served: Served, district: SandboxDistrict, changes: int, rng: Random) -> dict[str, float]:
    for key in rng.sample(sorted(list_users_of_role(district, "student")), changes):
        user = district.get("users", key)
        district.put("users", user | {"name": user["name"] | {"last": f"Renamed{rng.randrange(10**6)}"}})
    time.sleep(rng.uniform(1, 6))  # presses keep no time with the daemon
    pressed = time.time()
    state = _answered(served, press(served, district))
    answered = time.time()
    assert state == "published", state
    (record,) = _runs(served.dagster, "sync_roster", 1)
    steps = served.dagster.all_logs(record.dagster_run.run_id, of_type=STARTED)
    return {
        "asked": record.create_timestamp.timestamp() - pressed,
        "first_step": steps[0].timestamp - pressed,
        "published": answered - pressed,
    }


def press(served: Served, district: SandboxDistrict) -> int:
    """File a refresh request. Return its id."""
    with transaction(served.product) as pg:
        return file_request(pg, district.id, scope="district", scope_clever_id=None, requested_by=None).id


def _answered(served: Served, request: int) -> str:
    def state() -> str:
        with served.product.connect() as pg:
            return str(pg.execute(sa.text(ANSWER), {"id": request}).scalar_one())

    _wait(lambda: state() not in ("queued", "running"), every=0.05)
    return state()


def _read_again(product: Engine) -> int:
    recently = organizations.c.last_full_read_at > _days_ago(1)
    with product.connect() as pg:
        return int(pg.execute(sa.select(sa.func.count()).where(recently)).scalar_one())


def _runs(dagster: dg.DagsterInstance, job: str, last: int | None = None) -> Sequence[dg.RunRecord]:
    return dagster.get_run_records(dg.RunsFilter(job_name=job), limit=last)


def _span(dagster: dg.DagsterInstance, record: dg.RunRecord) -> tuple[float, float]:
    """Return the times at which a run was requested and ended."""
    run_id = record.dagster_run.run_id
    _wait(lambda: dagster.get_run_by_id(run_id).is_finished)
    return record.create_timestamp.timestamp(), dagster.get_run_record_by_id(run_id).end_time


def _wait(until: Callable[[], bool], every: float = 0.5) -> None:
    last = time.monotonic() + LONGEST
    while not until():
        assert time.monotonic() < last, "the daemon did not do it in time"
        time.sleep(every)


CASES = {case.__name__: case for case in (runs_of_their_own, batches, presses)}

if __name__ == "__main__":
    CASES[sys.argv[1]](**json.loads(sys.argv[2]))
