"""The console script in processes of its own that begin at once and can be killed: forked from one that has imported.

    python -m roster_pipeline_tests.torture.console

is that one: it opens no connection and starts no thread, reads a request a line, and forks for each. The child is the
command as a shell would start it: a process group of its own, nothing on its standard input, the environment it is given.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL


class Ran(NamedTuple):
    """How a command ended: its exit code, or the negative number of the signal; and how long it lived."""

    code: int
    seconds: float


class Console:
    """Starts commands. Its process begins with the first one; `log` gets what all of them say."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._forker: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_fault: object) -> None:
        if self._forker:
            self._forker.communicate("")
            self._forker = None

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Ran:
        """One command, to its end."""
        return self.kill(arguments, environment, after=None)

    def kill(self, arguments: Sequence[str], environment: Mapping[str, str], *, after: float | None) -> Ran:
        """One command, and `kill -9` after so many seconds, if it still lives then."""
        forker = self._begun()
        request = {"arguments": [*arguments], "environment": {**os.environ, **environment}, "log": str(self.log)}
        print(json.dumps(request), file=forker.stdin, flush=True)
        child = int(forker.stdout.readline())
        started = time.monotonic()
        if after is not None:
            time.sleep(after)
            os.killpg(child, signal.SIGKILL)  # if it has ended, its number is not anybody else's yet
        code = int(forker.stdout.readline())
        return Ran(code, time.monotonic() - started)

    def _begun(self) -> "subprocess.Popen[str]":
        if self._forker is None:
            command = [sys.executable, "-m", __name__]
            pipe = subprocess.PIPE
            self._forker = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
            assert self._forker.stdout.readline() == "ready\n"
        return self._forker


def _serve() -> None:
    """Forks for each request: answers with the child's number, and when it has ended, with how."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from roster_pipeline.cli import main
    from roster_pipeline.definitions import defs

    defs.resolve_job_def("sync_roster")
    print("ready", flush=True)
    child = None
    while line := sys.stdin.readline():
        if child:
            os.waitpid(child, 0)
        child = os.fork()
        if child == 0:
            _become(json.loads(line), main)
        os.setpgid(child, child)
        print(child, flush=True)
        ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        print(ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status, flush=True)


def _become(request: Mapping[str, object], main: object) -> None:
    os.environ.clear()
    os.environ.update(request["environment"])
    with Path(request["log"]).open("ab") as log, Path(os.devnull).open("rb") as nothing:
        for descriptor, file in enumerate((nothing, log, log)):
            os.dup2(file.fileno(), descriptor)
    sys.argv = ["roster-pipeline", *request["arguments"]]
    code = 1
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
