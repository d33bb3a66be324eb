"""Measure one case in one process: its seconds and its peak memory. `cases` and `with_dlt` define the cases."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGE = "roster_pipeline_tests.benchmarks"
MEGABYTE = 1_000_000
PER_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in a unit of ru_maxrss."""


@dataclass(frozen=True)
class Measured:
    """The measurement of one case.

    Attributes:
        peak_mb: of its process alone, in millions of bytes; PostgreSQL's processes are not in it.
        detail: what else the case tells.
    """

    seconds: float
    peak_mb: float
    detail: dict[str, Any] = field(default_factory=dict)


class CaseFailed(Exception):
    """A case ended with an error."""


def report(seconds: float, **detail: object) -> None:
    """Print the measurement at the end of a case."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PER_UNIT / MEGABYTE
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "detail": detail}), flush=True)


def run_case(
    case: str, *, python: Path | str = sys.executable, env: dict[str, str] | None = None, **arguments: object
) -> Measured:
    """Run module `case` of this folder (or one function of it, `module:function`) in a process of its own.

    The parent has to be small: a process inherits the peak of the one that started it.

    Raises:
        CaseFailed: with the last lines that the process wrote.
    """
    module, _, function = case.partition(":")
    command = [str(python), "-m", f"{PACKAGE}.{module}", function, json.dumps(arguments, default=str)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, capture_output=True, text=True)
    if done.returncode:
        raise CaseFailed(f"{case} failed:\n{done.stderr[-2000:]}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def best_of(times: int, once: Callable[[], Measured]) -> Measured:
    """Return the fastest of several runs, with the highest peak of all."""
    runs = [once() for _ in range(times)]
    fastest = min(runs, key=lambda run: run.seconds)
    return Measured(fastest.seconds, max(run.peak_mb for run in runs), fastest.detail)
