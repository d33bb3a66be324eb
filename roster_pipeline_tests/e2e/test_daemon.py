"""A real daemon on a real instance: requests become forks, nights become batches, and every end is recorded."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import psutil
import pytest

from roster_pipeline.defs.launch import dagster_instance, prepare_home
from roster_pipeline.defs.partitions import BATCH_TAG
from roster_pipeline.instance.run_process import find_process, process_tag
from roster_pipeline.product.database import transaction
from roster_pipeline.settings import read_settings
from roster_pipeline.syncs.requests import file_request
from roster_pipeline_tests.support.readers import execute, query

ROOT = Path(__file__).parents[2]
PATIENCE = 240
RUN = "00000000-0000-4000-8000-000000000000"
LAST = "select state from roster.refresh_requests order by id desc limit 1"


def wait(until):
    last = time.monotonic() + PATIENCE
    while not (found := until()):
        assert time.monotonic() < last, "it did not happen in time"
        time.sleep(0.1)
    return found


@pytest.fixture
def dagster(environment):
    with dagster_instance(read_settings()) as instance:
        yield instance


@pytest.fixture
def daemon(dagster, environment, tmp_path):
    """Starts Dagster's daemon, and again."""
    started = []
    command = [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-w", str(ROOT / "workspace.yaml")]
    home = {"DAGSTER_HOME": str(prepare_home(read_settings())), "PYTHONPATH": str(ROOT)}

    def start():
        with (tmp_path / "daemon.log").open("a") as log:
            running = subprocess.Popen(command, env=os.environ | home, stdout=log, stderr=log, start_new_session=True)
        started.append(running)
        return running

    yield start
    for running in started:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


@pytest.fixture
def press(product):
    def pressed(district):
        with transaction(product) as pg:
            file_request(pg, district.id, scope="district", scope_clever_id=None, requested_by=None)

    return pressed


def last_run(dagster):
    (run,) = dagster.get_runs(dg.RunsFilter(job_name="sync_roster"), limit=1)
    return run


def test_killed_daemon_loses_no_request(valley, dagster, daemon, press, product):
    press(valley)
    running = daemon()
    wait(lambda: query(product, LAST) == [("published",)])
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    press(valley)
    daemon()
    wait(lambda: query(product, LAST) == [("published",)])

    def is_fork():
        press(valley)
        wait(lambda: query(product, LAST) == [("published",)])
        return "roster_pipeline.instance.fork_server" in (find_process(last_run(dagster)) or psutil.Process()).cmdline()

    wait(is_fork)
    run = last_run(dagster)
    wait(lambda: dagster.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.SUCCESS)
    wait(lambda: find_process(run) is None)


def test_daemon_ends_the_run_of_a_killed_process(valley, dagster, daemon):
    gone = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    tags = {"dagster/partition": valley.id, **process_tag(RUN, gone.pid)}
    dagster.add_run(dg.DagsterRun("sync_roster", run_id=RUN, tags=tags, status=dg.DagsterRunStatus.STARTED))
    gone.kill()
    gone.wait()
    daemon()
    wait(lambda: dagster.get_run_by_id(RUN).status is dg.DagsterRunStatus.FAILURE)


def test_stopping_a_batch_stops_its_district_and_starts_no_other(valley, hamlet, dagster, daemon, product):
    execute(product, "update roster.organizations set last_full_read_at = now() - interval '2 days'")
    daemon()
    wait(lambda: query(product, "select state from roster.syncs") == [("running",)])
    (at,) = dagster.get_runs(dg.RunsFilter(job_name="sync_roster"))
    (batch,) = dagster.get_runs(dg.RunsFilter(job_name="sync_batch"))
    assert at.tags[BATCH_TAG] == batch.run_id
    dagster.run_launcher.terminate(batch.run_id)
    wait(lambda: dagster.get_run_by_id(batch.run_id).is_finished)
    assert dagster.get_run_by_id(batch.run_id).status is dg.DagsterRunStatus.CANCELED
    assert dagster.get_run_by_id(at.run_id).is_finished
    assert query(product, "select count(*), count(*) filter (where state = 'running') from roster.syncs") == [(1, 0)]
