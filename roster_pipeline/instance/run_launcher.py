"""The run launcher that `dagster.yaml` names. It forks runs from a fork server, which has imported the code already.

Some runs start in a new Python process, as with Dagster's own launcher: the first run after the daemon started or the
code changed, runs of other code locations, and every run on macOS, where forking is not safe.
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
from roster_pipeline.instance.run_districts import is_district_locked
from roster_pipeline.instance.run_process import find_process, is_dead, process_tag

DEFINITIONS_MODULE = "roster_pipeline.definitions"
UNLOCKED_MAX_SECONDS = 60
"""How long a run on another machine may hold no district lock. It holds none before its sync, between two syncs of a
batch, and at its end."""
FORK_SERVER_COMMAND = [sys.executable, "-m", "roster_pipeline.instance.fork_server", DEFINITIONS_MODULE]


class WarmRunLauncher(DefaultRunLauncher):
    """A run launcher that forks runs, finds their processes and interrupts them.

    The launcher tags each run that it forks with its process. A run that was started otherwise tags itself.
    """

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self._lock = Lock()
        self._fork_server: ForkServer | None = None
        self._unlocked_since: dict[str, float] = {}

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the process of a run.

        The run is forked if the fork server is ready. If not, it starts in a new Python process, and the launcher
        starts a fork server for the next run.
        """
        run = context.dagster_run
        if not _can_fork(run):
            super().launch_run(context)
            return
        with self._lock:
            pid = self._fork(run)
            if pid is None:
                super().launch_run(context)
                self._start_fork_server()
            else:
                self._instance.add_run_tags(run.run_id, process_tag(run.run_id, pid))

    def terminate(self, run_id: str) -> bool:
        """Interrupt the process of a run.

        Returns:
            Whether there was a process to interrupt.
        """
        run = self._instance.get_run_by_id(run_id)
        process = find_process(run) if run and not run.is_finished else None
        if run is None or process is None:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        self._instance.report_run_canceling(run)
        process.send_signal(signal.SIGINT)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Let Dagster's run monitoring call `check_run_worker_health`."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Report whether a process still works on a run.

        Run monitoring fails a run without a process, so that its district can be synced again.
        """
        if is_dead(run):
            return CheckRunHealthResult(WorkerStatus.FAILED, "The process of this run has ended.")
        if find_process(run) is None and self._is_abandoned(run):
            return CheckRunHealthResult(WorkerStatus.FAILED, "No process holds the lock of the district of this run.")
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def _is_abandoned(self, run: dg.DagsterRun) -> bool:
        """Return whether no process has held the district lock of a run for `UNLOCKED_MAX_SECONDS`.

        The lock is the only sign of a process on another machine, or in a container that was replaced.
        """
        if is_district_locked(run):
            self._unlocked_since.pop(run.run_id, None)
            return False
        return monotonic() - self._unlocked_since.setdefault(run.run_id, monotonic()) > UNLOCKED_MAX_SECONDS

    def dispose(self) -> None:
        """Let the fork server end. The runs that it forked go on."""
        if self._fork_server:
            self._fork_server.close()

    def _fork(self, run: dg.DagsterRun) -> int | None:
        """Fork a run and return its process id. Return None if no fork server with the present code is ready."""
        if self._fork_server is None or not self._fork_server.is_current():
            return None
        order = {
            "run_id": run.run_id,
            "origin": serialize_value(run.job_code_origin),
            "instance": serialize_value(self._instance.get_ref()),
        }
        return self._fork_server.fork(order)

    def _start_fork_server(self) -> None:
        """Start a fork server, unless one with the present code lives."""
        if self._fork_server is None or not self._fork_server.is_current():
            self.dispose()
            self._fork_server = ForkServer()


class ForkServer:
    """The fork server's process, as the launcher sees it."""

    def __init__(self) -> None:
        self._code_version = _newest_change()
        self._is_ready = False
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            FORK_SERVER_COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            # A fork has none of the native threads of its parent, and OpenBLAS would wait for its own.
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )

    def is_current(self) -> bool:
        """Return whether the process lives and has imported the code that is on disk now."""
        return self._process.poll() is None and self._code_version == _newest_change()

    def fork(self, order: dict[str, str]) -> int | None:
        """Fork a run and return its process id. Return None if the fork server is still importing, or has ended."""
        answers, orders = self._process.stdout, self._process.stdin
        assert answers
        assert orders
        if not self._is_ready and not select.select([answers], [], [], 0)[0]:
            return None
        try:
            self._is_ready = self._is_ready or bool(answers.readline())
            orders.write(json.dumps(order) + "\n")
            answer = answers.readline()
        except BrokenPipeError:
            return None
        return int(answer) if answer else None

    def close(self) -> None:
        """Close the input of the process, which ends it."""
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.close()


def _can_fork(run: dg.DagsterRun) -> bool:
    """Return whether a run is a job of this package that this Python can execute."""
    origin = run.job_code_origin
    repository = origin.repository_origin if origin else None
    return (
        sys.platform != "darwin"
        and repository is not None
        and repository.executable_path == sys.executable
        and isinstance(repository.code_pointer, ModuleCodePointer)
        and repository.code_pointer.module == DEFINITIONS_MODULE
    )


def _newest_change() -> int:
    """Return the latest modification time of the code and the models, in nanoseconds."""
    folders = [Path(str(files(package))) for package in ("roster_pipeline", "dbt_like_sql")]
    return max(path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*.*") if path.suffix != ".pyc")
