"""Creates a run of a job from a command or a batch and executes it in this process.

The run names the place of its code, as runs that the web server starts do. Without it the run would be missing from the
timeline and from the page of its job, and the web server could not start it again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from roster_pipeline.instance.dagster_private import (
    SINGLETON_REPOSITORY_NAME,
    ErrorSource,
    InMemoryJob,
    JobPythonOrigin,
    LoadableTargetOrigin,
    ManagedGrpcPythonEnvCodeLocationOrigin,
    ModuleCodePointer,
    RemoteRepositoryOrigin,
    RepositoryPythonOrigin,
    execute_run_iterator,
)

MODULE, LOCATION = "roster_pipeline.definitions", "roster_pipeline"
"""The module that `workspace.yaml` loads, and the name that it gives the code location."""
REPOSITORY_TAG = ".dagster/repository"
"""The tag by which the UI finds the runs of a code location."""
CodePlace = tuple[RemoteRepositoryOrigin, RepositoryPythonOrigin]
"""Where the web server and the daemon find the jobs, and where a new process finds them."""


def create_run(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    *,
    run_id: str,
    run_config: Mapping[str, Any],
    tags: Mapping[str, str],
    beside: dg.DagsterRun | None = None,
) -> dg.DagsterRun:
    """Create a run of a job of this project.

    Args:
        beside: a run of the same code location that this run is a part of.
    """
    remote, code = (beside and _place_of(beside)) or _own_place()
    return instance.create_run_for_job(
        job,
        run_id=run_id,
        run_config=run_config,
        tags={**tags, REPOSITORY_TAG: remote.get_label()},
        remote_job_origin=remote.get_job_origin(job.name),
        job_code_origin=JobPythonOrigin(job.name, code),
    )


def execute_run(instance: dg.DagsterInstance, job: dg.JobDefinition, run: dg.DagsterRun) -> list[dg.DagsterEvent]:
    """Execute a run in this process, and return its events."""
    return list(execute_run_iterator(InMemoryJob(job), run, instance))


def has_succeeded(events: Sequence[dg.DagsterEvent]) -> bool:
    """Whether the events of a run end in success."""
    return any(event.event_type is dg.DagsterEventType.RUN_SUCCESS for event in events)


def is_interrupted_step(event: dg.DagsterEvent) -> bool:
    """Whether an event says that a signal interrupted a step."""
    return event.is_step_failure and event.step_failure_data.error_source == ErrorSource.INTERRUPT


def _own_place() -> CodePlace:
    target = LoadableTargetOrigin(module_name=MODULE)
    remote = RemoteRepositoryOrigin(ManagedGrpcPythonEnvCodeLocationOrigin(target, LOCATION), SINGLETON_REPOSITORY_NAME)
    return remote, RepositoryPythonOrigin(sys.executable, ModuleCodePointer(MODULE, "defs"))


def _place_of(run: dg.DagsterRun) -> CodePlace | None:
    """Return the place of a run that the web server or the daemon started."""
    remote, code = run.remote_job_origin, run.job_code_origin
    return (remote.repository_origin, code.repository_origin) if remote and code else None
