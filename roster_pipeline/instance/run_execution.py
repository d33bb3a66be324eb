"""Creates a run of a job from a command or a batch and executes it in this process.

The run records the origin of its code, as runs that the web server starts do. Without the origin the run would be
missing from the timeline and from the page of its job, and the web server could not start it again.
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
CodeOrigin = tuple[RemoteRepositoryOrigin, RepositoryPythonOrigin]
"""The origin of the code for the web server and the daemon, and the origin for a new process."""


def create_run(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    *,
    run_id: str,
    run_config: Mapping[str, Any],
    tags: Mapping[str, str],
    parent: dg.DagsterRun | None = None,
) -> dg.DagsterRun:
    """Create a run of a job of this project.

    Args:
        parent: the run that this run is a part of. Its origin is used.
    """
    remote, code = (parent and _find_origin(parent)) or _build_origin()
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
    """Return whether a run with these events has succeeded."""
    return any(event.event_type is dg.DagsterEventType.RUN_SUCCESS for event in events)


def is_interrupted_step(event: dg.DagsterEvent) -> bool:
    """Return whether an event reports a step that a signal interrupted."""
    return event.is_step_failure and event.step_failure_data.error_source == ErrorSource.INTERRUPT


def _build_origin() -> CodeOrigin:
    """Return the origin that runs of the web server have."""
    target = LoadableTargetOrigin(module_name=MODULE)
    remote = RemoteRepositoryOrigin(ManagedGrpcPythonEnvCodeLocationOrigin(target, LOCATION), SINGLETON_REPOSITORY_NAME)
    return remote, RepositoryPythonOrigin(sys.executable, ModuleCodePointer(MODULE, "defs"))


def _find_origin(run: dg.DagsterRun) -> CodeOrigin | None:
    """Return the origin of a run, or None if the run has none."""
    remote, code = run.remote_job_origin, run.job_code_origin
    return (remote.repository_origin, code.repository_origin) if remote and code else None
