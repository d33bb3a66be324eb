"""The console script in processes of their own that begin at once: forks of one that has imported everything.

What a process is, these are: their own settings and folder, killed like any other. That the installed script does the
same is `test_console`'s first test.
"""

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
    """One command, to its end; what it wrote and its exit code are given as `subprocess.run` gives them.

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
    """A command that has just begun; its output goes to the two files."""
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
    if "COLUMNS" in variables:  # which is read when a module is imported
        screen.out.width = screen.err.width = int(variables["COLUMNS"])
    sys.argv = ["roster-pipeline", *arguments]
    main()
