"""The process that executes a run. A tag of the run names the process, its machine and its start."""

from __future__ import annotations

from collections.abc import Iterator
from socket import gethostname

import dagster as dg
import psutil

from roster_pipeline.instance.dagster_private import StepFailureData
from roster_pipeline.instance.run_tags import BATCH_TAG, TRIGGER_TAG

PROCESS_TAG = ".dagster/roster_process"
"""The tag that names the process of a run. The UI hides tags with this prefix."""
STOPPED = (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED)
START_TOLERANCE_SECONDS = 60
"""How far two readings of one process's start may differ. They do after the clock of the machine was adjusted."""


def process_tag(run_id: str, pid: int) -> dict[str, str]:
    """Return the tag of a run that a process of this machine executes.

    The tag holds the start of the process, because the system may reuse a process id. It holds the id of the run,
    because Dagster copies the tags of a repeated run to the new one.
    """
    try:
        started = int(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        started = 0  # it has ended already
    return {PROCESS_TAG: f"{run_id} {gethostname()} {pid} {started}"}


def is_dead(run: dg.DagsterRun) -> bool:
    """Return whether the process of a run on this machine has ended. False for a run on another machine."""
    return _is_here(run) and find_process(run) is None


def find_process(run: dg.DagsterRun) -> psutil.Process | None:
    """Return the process of a run, if it lives and is on this machine."""
    if not _is_here(run):
        return None
    pid, started = map(int, run.tags[PROCESS_TAG].split()[2:])
    try:
        process = psutil.Process(pid)
        is_same = abs(process.create_time() - started) < START_TOLERANCE_SECONDS
        return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def is_stopped(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Return whether a person stopped a run.

    A person stops a run or its batch in the UI, or a command with Ctrl-C. Other signals, as at the shutdown of a
    machine, do not count.
    """
    run_ids = filter(None, (run.run_id, run.tags.get(BATCH_TAG)))
    if any(record.status in STOPPED for run_id in run_ids if (record := instance.get_run_by_id(run_id))):
        return True
    return run.tags.get(TRIGGER_TAG) == "cli" and was_interrupted(instance, run)


def report_canceling(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Report an interrupted run to Dagster as canceling, so that it ends as canceled and not as failed."""
    record = instance.get_run_by_id(run.run_id)
    if record and record.status is dg.DagsterRunStatus.STARTED and was_interrupted(instance, run):
        instance.report_run_canceling(run)


def was_interrupted(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Return whether a signal interrupted a step of the run."""
    sources = (failure.error_source for failure in failures_of(instance, run))
    return any(source is not None and source.value == "INTERRUPT" for source in sources)


def failures_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[StepFailureData]:
    """Yield the recorded failure of each step of a run that failed or was interrupted."""
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        if entry.dagster_event:
            yield entry.dagster_event.step_failure_data


def _is_here(run: dg.DagsterRun) -> bool:
    """Return whether this machine executes the run."""
    return run.tags.get(PROCESS_TAG, "").startswith(f"{run.run_id} {gethostname()} ")
