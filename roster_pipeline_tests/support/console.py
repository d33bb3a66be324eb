"""Run the console script in processes that start fast, as forks of a process that has imported all code.

Each process has its own settings and folder, and can be killed as any other. The first test of `test_console` shows
that the installed script does the same.
"""

import faulthandler
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from tempfile import TemporaryDirectory

from roster_pipeline_tests.chaos.runs import FORKING


def run_command(
    arguments: Sequence[object], variables: Mapping[str, str], folder: Path, timeout: float = 60
) -> CompletedProcess[str]:
    """Run one command to its end. Return its output and exit code as `subprocess.run` does.

    Args:
        variables: its whole environment.
    """
    words = [str(argument) for argument in arguments]
    with TemporaryDirectory() as place:
        said, complained = Path(place) / "stdout", Path(place) / "stderr"
        process = begin_command(words, variables, folder, said, complained)
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutExpired(words, timeout, said.read_bytes(), complained.read_bytes())
        return CompletedProcess(words, process.exitcode, said.read_text(), complained.read_text())


def begin_command(
    arguments: Sequence[str], variables: Mapping[str, str], folder: Path, said: Path, complained: Path
) -> BaseProcess:
    """Start a command whose output goes to two files. Return without waiting for its end."""
    for file in (said, complained):
        file.touch()
    process = FORKING.Process(target=_become, args=(list(arguments), dict(variables), folder, said, complained))
    process.start()
    return process


def _become(arguments: list[str], variables: dict[str, str], folder: Path, said: Path, complained: Path) -> None:
    from roster_pipeline.cli import main, screen

    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    for descriptor, file in ((1, said), (2, complained)):
        with file.open("ab") as written:
            os.dup2(written.fileno(), descriptor)
    faulthandler.enable()  # a crash of native code names the line on the standard error
    if "COLUMNS" in variables:  # which is read when a module is imported
        screen.out.width = screen.err.width = int(variables["COLUMNS"])
    sys.argv = ["roster-pipeline", *arguments]
    main()
