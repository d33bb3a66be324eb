"""Dagster's run launcher, made fast: runs are forks of a warm process of the daemon's (`warm`) where one is there.

`dagster.yaml` points here. Everything else starts as Dagster starts it, with a new interpreter: the first run after the
daemon's start and after a change of the code, other code locations, and every run on macOS, where forking is not safe.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from threading import Lock
from time import monotonic

import dagster as dg

from roster_pipeline.instance.dagster_private import (
    CheckRunHealthResult,
    ConfigurableClassData,
    DefaultRunLauncher,
    LaunchRunContext,
    ModuleCodePointer,
    WorkerStatus,
    serialize_value,
)
from roster_pipeline.instance.run_districts import may_be_at_work
from roster_pipeline.instance.run_process import is_dead, living, process_tag

OURS = "roster_pipeline.definitions"
PATIENCE = 60
"""Seconds that a run of another machine may hold no lock: before its sync, between two of a batch, at its end."""
COMMAND = [sys.executable, "-m", "roster_pipeline.instance.fork_server", OURS]


class WarmRunLauncher(DefaultRunLauncher):
    """Also knows the process of each run, whoever started it: a fork is told apart here, every other run tells."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self._lock = Lock()
        self._warm: Warm | None = None
        self._idle: dict[str, float] = {}

    def launch_run(self, context: LaunchRunContext) -> None:
        """Fork if a warm process waits; else start as Dagster does, and then get one ready for the next run."""
        run = context.dagster_run
        if not _can_fork(run):
            super().launch_run(context)
            return
        with self._lock:
            pid = self._fork(run)
            if pid is None:
                super().launch_run(context)
                self._get_ready()
            else:
                self._instance.add_run_tags(run.run_id, process_tag(run.run_id, pid))

    def terminate(self, run_id: str) -> bool:
        """Interrupt the process of a run, wherever it was started; False if there is nothing to stop."""
        run = self._instance.get_run_by_id(run_id)
        process = living(run) if run and not run.is_finished else None
        if run is None or process is None:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        self._instance.report_run_canceling(run)
        process.send_signal(signal.SIGINT)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Failed if the process is known to be gone: run monitoring ends the run, and its district is free again."""
        if is_dead(run):
            return CheckRunHealthResult(WorkerStatus.FAILED, "The process of this run is gone.")
        if living(run) is None and self._is_abandoned(run):
            return CheckRunHealthResult(WorkerStatus.FAILED, "No process works on this run any more.")
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def _is_abandoned(self, run: dg.DagsterRun) -> bool:
        """Of a process elsewhere, such as in a container that was replaced, only the lock of its district tells."""
        if may_be_at_work(run):
            self._idle.pop(run.run_id, None)
            return False
        return monotonic() - self._idle.setdefault(run.run_id, monotonic()) > PATIENCE

    def dispose(self) -> None:
        """The warm process goes with the daemon; its forks go on."""
        if self._warm:
            self._warm.leave()

    def _fork(self, run: dg.DagsterRun) -> int | None:
        if self._warm is None or not self._warm.is_current():
            return None
        order = {
            "run_id": run.run_id,
            "origin": serialize_value(run.job_code_origin),
            "instance": serialize_value(self._instance.get_ref()),
        }
        return self._warm.fork(order)

    def _get_ready(self) -> None:
        if self._warm is None or not self._warm.is_current():
            self.dispose()
            self._warm = Warm()


class Warm:
    """The warm process, from the side of who orders."""

    def __init__(self) -> None:
        self._code = _newest_change()
        self._ready = False
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            # A fork has no native thread of its parent, and OpenBLAS would wait for its own.
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )

    def is_current(self) -> bool:
        """Whether it lives and has the code as it is on disk now."""
        return self._process.poll() is None and self._code == _newest_change()

    def fork(self, order: dict[str, str]) -> int | None:
        """The process id of a new run; None while it is still importing, or if it died."""
        answers, orders = self._process.stdout, self._process.stdin
        assert answers
        assert orders
        if not self._ready and not select.select([answers], [], [], 0)[0]:
            return None
        try:
            self._ready = self._ready or bool(answers.readline())
            orders.write(json.dumps(order) + "\n")
            answer = answers.readline()
        except BrokenPipeError:
            return None
        return int(answer) if answer else None

    def leave(self) -> None:
        """Let it end."""
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.close()


def _can_fork(run: dg.DagsterRun) -> bool:
    """Whether it is a job of this package, run by this Python."""
    origin = run.job_code_origin
    repository = origin.repository_origin if origin else None
    return (
        sys.platform != "darwin"
        and repository is not None
        and repository.executable_path == sys.executable
        and isinstance(repository.code_pointer, ModuleCodePointer)
        and repository.code_pointer.module == OURS
    )


def _newest_change() -> int:
    folders = [Path(str(files(package))) for package in ("roster_pipeline", "dbt_like_sql")]
    return max(path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*.*") if path.suffix != ".pyc")
