"""The Clever page as a program of its own, which tests and benchmarks start, ask and kill."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from roster_pipeline.settings import Settings
from roster_pipeline_tests.support.scripts import PATIENCE, SCRIPT

STOP_SECONDS = 30


@dataclass(frozen=True)
class PageProgram:
    """A running program of the page."""

    url: str
    process: psutil.Process

    def kill(self) -> None:
        """Kill the program and its workers at once, as a machine that fails does."""
        for process in (*self.process.children(recursive=True), self.process):
            process.kill()

    def cpu_seconds(self) -> float:
        """Return the processor time of the program and its workers."""
        times = [process.cpu_times() for process in (self.process, *self.process.children(recursive=True))]
        return sum(each.user + each.system for each in times)


@contextmanager
def running_page(
    settings: Settings, folder: Path, *, workers: int = 1, program: Sequence[str] = (str(SCRIPT),), **variables: str
) -> Iterator[PageProgram]:
    """Run `roster-pipeline web` on a free port for the duration of the context.

    Args:
        settings: those of the environment.
        folder: where the program writes what it says.
        program: what runs in place of the command `roster-pipeline`.
        variables: more variables of its environment.
    """
    port = _find_port()
    command = [*program, "web", "--port", str(port), "--workers", str(workers)]
    with (folder / "page.log").open("w") as log:
        environment = {**os.environ, "ROSTER_HOME": str(settings.home), **variables}
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            page = PageProgram(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
            _wait_for(page, process)
            yield page
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)


def _find_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(program: PageProgram, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, "the page ended"
        assert time.monotonic() < end, "the page did not start"
        try:
            if httpx.get(f"{program.url}/healthz").status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
