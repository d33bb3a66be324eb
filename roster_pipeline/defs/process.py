"""Which process a run is in: a tag of the run says so, and a dead one is noticed, a living one stopped."""

from __future__ import annotations

from socket import gethostname

import dagster as dg
import psutil

PROCESS_TAG = ".dagster/roster_process"
"""The UI hides tags that begin so: nobody reads this one, and it was the longest of each run."""
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


def _is_here(run: dg.DagsterRun) -> bool:
    return run.tags.get(PROCESS_TAG, "").startswith(f"{run.run_id} {gethostname()} ")
