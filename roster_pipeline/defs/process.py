"""Which process a run is in: a tag of the run says so, and a dead one is noticed, a living one stopped."""

from __future__ import annotations

from collections.abc import Mapping
from socket import gethostname

import psutil

PROCESS_TAG = "roster/process"


def process_tag(pid: int) -> dict[str, str]:
    """The tag of a run in this process of this machine: a number may be given anew, so its start belongs to it."""
    try:
        started = int(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        started = 0  # it has ended already
    return {PROCESS_TAG: f"{gethostname()} {pid} {started}"}


def is_dead(tags: Mapping[str, str]) -> bool:
    """Whether the process of a run is known to be gone; of another machine's nothing is known."""
    host, pid, started = _parts(tags)
    return host == gethostname() and _find(pid, started) is None


def living(tags: Mapping[str, str]) -> psutil.Process | None:
    """The process of a run, if it is on this machine and lives."""
    host, pid, started = _parts(tags)
    return _find(pid, started) if host == gethostname() else None


def _parts(tags: Mapping[str, str]) -> tuple[str, int, int]:
    host, _, numbers = tags.get(PROCESS_TAG, "  ").partition(" ")
    pid, _, started = numbers.partition(" ")
    return host, int(pid or 0), int(started or 0)


def _find(pid: int, started: int) -> psutil.Process | None:
    try:
        found = psutil.Process(pid)
        return found if int(found.create_time()) == started and found.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None
