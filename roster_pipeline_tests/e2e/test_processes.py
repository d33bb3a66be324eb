"""The process of a run, and how the launcher watches it."""

import os
import subprocess
import sys

import dagster as dg
import pytest
from dagster._core.launcher.base import WorkerStatus

from roster_pipeline.defs.partitions import PARTITION_TAG
from roster_pipeline.instance import run_launcher
from roster_pipeline.instance.run_launcher import WarmRunLauncher
from roster_pipeline.instance.run_process import PROCESS_TAG, find_process, is_dead, process_tag
from roster_pipeline.product.database import district_lock


@pytest.fixture
def sleeper():
    """A process that waits to be stopped."""
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); print(flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen([sys.executable, "-c", code], **pipes)
    running.stdout.readline()  # whoever starts a process in the background lets it ignore interrupts
    yield running
    running.kill()
    running.wait()


RUN = "a-run"


def run_in(tags, run_id=RUN, **more):
    return dg.DagsterRun("sync_roster", run_id=run_id, tags=tags, **more)


def health(run):
    return WarmRunLauncher().check_run_worker_health(run).status


def test_live_process_makes_its_run_healthy(sleeper):
    run = run_in(process_tag(RUN, sleeper.pid))
    assert find_process(run).pid == sleeper.pid
    assert health(run) is WorkerStatus.RUNNING


def test_ended_process_makes_its_run_unhealthy(sleeper):
    run = run_in(process_tag(RUN, sleeper.pid))
    sleeper.kill()
    sleeper.wait()
    assert is_dead(run)
    assert health(run) is WorkerStatus.FAILED


def test_reused_process_id_is_not_the_same_process():
    *place, started = process_tag(RUN, os.getpid())[PROCESS_TAG].split()
    assert is_dead(run_in({PROCESS_TAG: " ".join([*place, str(int(started) - 100)])}))


def test_run_with_copied_tags_is_not_taken_for_the_dead_one(sleeper):
    tags = process_tag(RUN, sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    assert health(run_in(tags, "another-run")) is WorkerStatus.RUNNING


@pytest.mark.parametrize("tags", [{}, {PROCESS_TAG: f"{RUN} another-machine 1 1"}])
def test_run_on_another_machine_is_not_judged(tags):
    assert not is_dead(run_in(tags))
    assert find_process(run_in(tags)) is None
    assert health(run_in(tags)) is WorkerStatus.RUNNING


def test_idle_run_on_another_machine_is_unhealthy_after_a_minute(environment, product, monkeypatch):
    asked, seconds = WarmRunLauncher(), iter(range(0, 1000, 61))
    monkeypatch.setattr(run_launcher, "monotonic", lambda: next(seconds))
    tags = {PROCESS_TAG: f"{RUN} a-container-that-is-gone 1 1", PARTITION_TAG: "a-district"}

    def status():
        return asked.check_run_worker_health(run_in(tags)).status

    with district_lock(product, "a-district", on_wait=list):
        assert [status(), status()] == [WorkerStatus.RUNNING] * 2
    assert [status(), status()] == [WorkerStatus.RUNNING, WorkerStatus.FAILED]


def test_corrected_clock_does_not_change_a_process_identity(sleeper):
    *place, started = process_tag(RUN, sleeper.pid)[PROCESS_TAG].split()
    assert find_process(run_in({PROCESS_TAG: " ".join([*place, str(int(started) + 30)])}))


def test_terminated_run_interrupts_its_process(sleeper):
    ours = {"module": "roster_pipeline.instance.run_launcher", "class": "WarmRunLauncher"}
    with dg.instance_for_test(overrides={"run_launcher": ours}) as instance:
        started = run_in(process_tag(RUN, sleeper.pid), status=dg.DagsterRunStatus.STARTED)
        instance.add_run(started)
        assert instance.run_launcher.terminate(RUN)
        assert sleeper.wait(30) != 0
        assert instance.get_run_by_id(RUN).status is dg.DagsterRunStatus.CANCELING
        assert not instance.run_launcher.terminate(RUN)
