"""Run the console script in processes that start fast and can be killed, as forks of a process that has imported all
code.

A run is killed after some time, or before it executes a line that it has not executed before. In this way the few lines
that publish are hit as often as the many others.
"""

import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any, NamedTuple

import roster_pipeline

PACKAGE = Path(roster_pipeline.__file__).parent
PARTS: Mapping[str, tuple[str, ...]] = {
    "publishing": ("publish/", "product/transfer.py"),
    "the snapshot": ("snapshot/",),
    "any line": ("",),
}
"""By name, what a run may be killed in: paths below the package."""
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the run launcher does: a fork does not have the threads of its parent
FORKING = get_context("forkserver")
FORKING.set_forkserver_preload(["roster_pipeline_tests.chaos.warm"])


class Death(NamedTuple):
    """The moment at which a run is killed: after some seconds, or before the nth new line of a part of the code."""

    part: str | None
    when: float


class Ran(NamedTuple):
    """How a command ended.

    Attributes:
        code: its exit code, or the negative number of the signal.
        seconds: how long it lived.
        lines: how many lines of the part it came to, if it was to be killed by them and outlived it.
    """

    code: int
    seconds: float
    lines: int = 0

    @property
    def is_killed(self) -> bool:
        return self.code == -signal.SIGKILL


def run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    death: Death | None = None,
    *,
    with_dagster: bool = False,
) -> Ran:
    """Run one command with these settings to its end or until it is killed. `log` receives its output."""
    ours, theirs = FORKING.Pipe(duplex=False)
    process = FORKING.Process(target=_become, args=(arguments, environment, log, death, with_dagster, theirs))
    started = monotonic()
    process.start()
    theirs.close()
    if death and death.part is None:
        process.join(death.when)
        process.kill()
    process.join()
    seconds = monotonic() - started
    with ours, suppress(EOFError):
        return Ran(process.exitcode, seconds, ours.recv())
    return Ran(process.exitcode, seconds)


def _become(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    death: Death | None,
    with_dagster: bool,
    lines: Connection,
) -> None:
    from roster_pipeline_tests.chaos.warm import command

    wire = _Wire(tuple(str(PACKAGE / path) for path in PARTS[death.part]), death.when) if death and death.part else None
    if wire:
        threading.settrace(wire)
        sys.settrace(wire)
    try:
        command(arguments, environment, log, with_dagster=with_dagster)
    finally:
        sys.settrace(None)
        lines.send(len(wire.passed) if wire else 0)


@dataclass
class _Wire:
    """Kill this process before the nth line that it executes for the first time."""

    paths: tuple[str, ...]
    nth: float

    def __post_init__(self) -> None:
        self.passed: set[tuple[str, int]] = set()

    def __call__(self, frame: FrameType, event: str, _value: Any) -> "_Wire | None":
        if event == "call" and not frame.f_code.co_filename.startswith(self.paths):
            return None
        if event == "line":
            self.passed.add((frame.f_code.co_filename, frame.f_lineno))
            if len(self.passed) == self.nth:
                os.kill(os.getpid(), signal.SIGKILL)
        return self
