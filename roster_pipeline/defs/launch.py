"""Run the job sync_roster in this process, for a command or a batch."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError

from roster_pipeline.defs.failures import EXIT_CODE, failure_of_run
from roster_pipeline.defs.jobs import FIRST_STEP
from roster_pipeline.defs.partitions import DISTRICTS, PARTITION_TAG, run_tags
from roster_pipeline.errors import ProductUnusable, RosterError
from roster_pipeline.instance.dagster_private import DagsterPostgresException
from roster_pipeline.instance.dagster_schema import dagster_place, explain_storage_error
from roster_pipeline.instance.run_execution import create_run, execute_run, has_succeeded, is_interrupted_step
from roster_pipeline.paths import private_file, private_folder
from roster_pipeline.settings import Settings, read_settings

QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
"""A command prints its own messages. The Dagster UI shows the log of the run."""
OnStep = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        run_id: Dagster's id of the run.
        failure: one line that says why the run failed; None if it did not fail.
        exit_code: the exit code of the error; 0 if the run did not fail.
    """

    run_id: str
    failure: str | None = None
    exit_code: int = 0


def prepare_home(settings: Settings) -> Path:
    """Create ROSTER_HOME/dagster with the dagster.yaml of this version, and return it as the DAGSTER_HOME."""
    home = private_folder(settings.dagster_home)
    source, target = project_file("dagster.yaml"), home / "dagster.yaml"
    if not target.exists() or target.read_bytes() != source.read_bytes():
        # The rename replaces the file at once. Another command that read half of it would use another storage.
        copy = home / f".dagster.yaml.{os.getpid()}"
        shutil.copyfile(source, private_file(copy))
        copy.replace(target)
    return home


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Open the Dagster instance that the UI and the daemon use too.

    Raises:
        ProductUnusable: PostgreSQL cannot be reached.
    """
    dagster_place(settings)  # fails at once with one line; dagster-postgres retries, and fails with a stack trace
    with dagster_errors(), dg.DagsterInstance.from_config(str(prepare_home(settings))) as instance:
        yield instance


@contextmanager
def dagster_errors() -> Iterator[None]:
    """Turn errors of Dagster's storage into an error of one line.

    Raises:
        ProductUnusable: the storage raised an error.
    """
    try:
        yield
    except (SQLAlchemyError, DagsterPostgresException) as error:
        raise explain_storage_error(read_settings(), error) from None


def add_partition(instance: dg.DagsterInstance, district_id: str) -> None:
    """Add the partition of a connected district at once. The sensor district_partitions would take half a minute."""
    instance.add_dynamic_partitions(DISTRICTS, [district_id])


def run_sync(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    district_id: str,
    *,
    name: str,
    on_step: OnStep,
    mode: str = "full",
    trigger: str = "cli",
    tags: Mapping[str, str] | None = None,
    parent: dg.DagsterRun | None = None,
) -> Ended:
    """Run a job for one district in this process, and wait for its end.

    Args:
        instance: the Dagster instance that records the run.
        job: the job.
        district_id: the Clever id of the district.
        name: the name of the district, which the tags of the run show.
        on_step: called with the name and the metadata of each asset when it is materialized.
        mode: how the district is read: `full`, `delta` or `auto`.
        trigger: what starts the run: `nightly`, `manual` or `cli`.
        tags: additional tags of the run.
        parent: the run of the batch that this run belongs to, if there is one.

    Raises:
        KeyboardInterrupt: the run was stopped.
    """
    run_id = str(uuid4())
    instance.add_event_listener(run_id, _listener(on_step))
    run = create_run(
        instance,
        job,
        run_id=run_id,
        run_config=_run_config(job, district_id, mode),
        tags={**job.run_tags, **run_tags(trigger, name), **(tags or {}), PARTITION_TAG: district_id},
        parent=parent,
    )
    events = execute_run(instance, job, run)
    return Ended(run_id) if has_succeeded(events) else _describe_end(run_id, events)


def _listener(on_step: OnStep) -> Callable[[dg.EventLogEntry], None]:
    """Return an event listener that calls `on_step` for each asset that a run materializes."""

    def listen(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event and event.is_step_materialization:
            asset = event.step_materialization_data.materialization
            on_step(asset.asset_key.to_user_string(), {name: value.value for name, value in asset.metadata.items()})

    return listen


def _run_config(job: dg.JobDefinition, district_id: str, mode: str) -> Mapping[str, Any]:
    """Return the configuration of the job with the given mode."""
    own = job.partitioned_config.get_run_config_for_partition_key(district_id) if job.partitioned_config else {}
    first = own.get("ops", {}).get(FIRST_STEP, {}).get("config", {})
    return {"ops": {FIRST_STEP: {"config": {**first, "mode": mode}}}, "loggers": QUIET}


def _describe_end(run_id: str, events: Sequence[dg.DagsterEvent]) -> Ended:
    """Return how a run without success ended.

    Raises:
        KeyboardInterrupt: the run was stopped.
    """
    for event in events:
        if is_interrupted_step(event):
            raise KeyboardInterrupt
        if event.is_step_failure and (failure := event.step_failure_data.user_failure_data):
            code = int(str(failure.metadata[EXIT_CODE].value))
            step = f" (step {event.step_key})" if code in (RosterError.exit_code, ProductUnusable.exit_code) else ""
            return Ended(run_id, f"{failure.description}{step}", code)
    return Ended(run_id, f"Internal error in run {run_id}. The Dagster UI shows its log. Please report this.", 1)


def read_ended(instance: dg.DagsterInstance, run_id: str) -> Ended:
    """Return how an unpublished run ended that another process executed."""
    if failure := failure_of_run(instance, run_id):
        return Ended(run_id, *failure)
    return Ended(run_id, f"Run {run_id} was killed, or had an internal error. The Dagster UI shows its log.", 1)


def project_file(name: str) -> Path:
    """Return the path of a file of the project, such as dagster.yaml.

    The file stands beside the package in a checkout, and inside the package in a wheel.
    """
    package = Path(str(files("roster_pipeline")))
    inside = package / name
    return inside if inside.exists() else package.parent / name
