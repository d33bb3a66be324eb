"""Import what a command needs before the process is forked, and run the commands in the forks."""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import dagster as dg
import pytest

from roster_pipeline.cli import main
from roster_pipeline.definitions import defs
from roster_pipeline.defs import launch
from roster_pipeline_tests.chaos.steps import sync

defs.resolve_job_def("sync_roster")


def command(arguments: Sequence[str], environment: Mapping[str, str], log: Path, *, with_dagster: bool) -> None:
    """Run one command of the console script in this process, and exit with its code.

    Args:
        log: gets what it says.
        with_dagster: as everybody runs it; without, it takes a fifth of the time (see `steps`).
    """
    os.environ.update(environment)
    with log.open("ab") as said:
        for descriptor in (1, 2):
            os.dup2(said.fileno(), descriptor)
    sys.argv = ["roster-pipeline", *arguments]
    with pytest.MonkeyPatch.context() as patch:
        if not with_dagster:
            patch.setattr(launch, "dagster_instance", lambda _settings: nullcontext())
            patch.setattr(launch, "add_partition", lambda _instance, _district_id: None)
            patch.setattr(launch, "run_sync", _steps)
        main()


def _steps(_instance: None, _job: dg.JobDefinition, district_id: str, *, mode: str, **_about: object) -> launch.Ended:
    return sync(district_id, mode=mode)
