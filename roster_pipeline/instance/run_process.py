"""Which process a run is in: a tag of the run says so, and a dead one is noticed, a living one stopped."""

from __future__ import annotations

from collections.abc import Iterator
from socket import gethostname

import dagster as dg
import psutil

from roster_pipeline.instance.dagster_private import StepFailureData
from roster_pipeline.instance.run_tags import BATCH_TAG, TRIGGER_TAG

PROCESS_TAG = ".dagster/roster_process"
"""The UI hides tags that begin so: nobody reads this one, and it was the longest of each run."""
STOPPED = (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED)
CLOCK_MAY_MOVE = 60
"""Seconds. When a process began is told by the machine's clock, which may have been put right since."""


def process_tag(run_id: str, pid: int) -> dict[str, str]:
    """The tag of a run in this process of this machine.

    A number may be given to another process, so its start belongs to it; and a run that is started again takes the
    tags of the first one along, so the run does.
    """
    try:
        started = int(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        started = 0  # it has ended already
    return {PROCESS_TAG: f"{run_id} {gethostname()} {pid} {started}"}


def is_dead(run: dg.DagsterRun) -> bool:
    """Whether the process of a run is known to be gone; of another machine's nothing is known."""
    return _is_here(run) and living(run) is None


def living(run: dg.DagsterRun) -> psutil.Process | None:
    """The process of a run, if it is on this machine and lives."""
    if not _is_here(run):
        return None
    pid, started = map(int, run.tags[PROCESS_TAG].split()[2:])
    try:
        found = psutil.Process(pid)
        is_same = abs(found.create_time() - started) < CLOCK_MAY_MOVE
        return found if is_same and found.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def is_stopped(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a person stopped a run: in the UI, itself or its batch; or its command, with Ctrl-C.

    A signal that comes from elsewhere, as when a machine is shut down, is no person's decision about this sync.
    """
    asked = filter(None, (run.run_id, run.tags.get(BATCH_TAG)))
    if any(found.status in STOPPED for run_id in asked if (found := instance.get_run_by_id(run_id))):
        return True
    return run.tags.get(TRIGGER_TAG) == "cli" and was_interrupted(instance, run)


def cancel(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Let Dagster too take an interrupted run for one that a person stopped, and not for one that failed."""
    now = instance.get_run_by_id(run.run_id)
    if now and now.status is dg.DagsterRunStatus.STARTED and was_interrupted(instance, run):
        instance.report_run_canceling(run)


def was_interrupted(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a signal came while a step of the run was at work."""
    sources = (failure.error_source for failure in failures_of(instance, run))
    return any(source is not None and source.value == "INTERRUPT" for source in sources)


def failures_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[StepFailureData]:
    """What is recorded of each step of a run that failed or was interrupted."""
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        if entry.dagster_event:
            yield entry.dagster_event.step_failure_data


def _is_here(run: dg.DagsterRun) -> bool:
    return run.tags.get(PROCESS_TAG, "").startswith(f"{run.run_id} {gethostname()} ")
