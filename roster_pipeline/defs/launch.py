"""Runs the sync_roster job from a command, in this process, and tells how it ended."""

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
from roster_pipeline.instance.dagster_schema import dagster_place, explain
from roster_pipeline.instance.run_execution import create_run, execute_run, has_succeeded, is_interrupted_step
from roster_pipeline.paths import private_file, private_folder
from roster_pipeline.settings import Settings, read_settings

QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
"""A command has words of its own; everything that is logged is in the UI."""
OnStep = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        failure: one line for a person, if it failed.
        exit_code: of the error tree; 0 if it did not fail.
    """

    run_id: str
    failure: str | None = None
    exit_code: int = 0


def prepare_home(settings: Settings) -> Path:
    """ROSTER_HOME/dagster with this version's dagster.yaml; returns it. It is the DAGSTER_HOME to use."""
    home = private_folder(settings.dagster_home)
    ours, theirs = project_file("dagster.yaml"), home / "dagster.yaml"
    if not theirs.exists() or theirs.read_bytes() != ours.read_bytes():
        # Moved in whole: another command may read it at this moment, and half of it is another Dagster.
        fresh = home / f".dagster.yaml.{os.getpid()}"
        shutil.copyfile(ours, private_file(fresh))
        fresh.replace(theirs)
    return home


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The instance that the UI and the daemon use too.

    Raises:
        ProductUnusable: its PostgreSQL is away.
    """
    dagster_place(settings)  # dagster-postgres would try for a while, and then say it in many lines
    with dagster_errors(), dg.DagsterInstance.from_config(str(prepare_home(settings))) as instance:
        yield instance


@contextmanager
def dagster_errors() -> Iterator[None]:
    """Say in one line that Dagster's storage failed.

    Raises:
        ProductUnusable: it did.
    """
    try:
        yield
    except (SQLAlchemyError, DagsterPostgresException) as error:
        raise explain(read_settings(), error) from None


def add_partition(instance: dg.DagsterInstance, district_id: str) -> None:
    """Make a connected district a partition, at once; the sensor would do it within half a minute."""
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
    beside: dg.DagsterRun | None = None,
) -> Ended:
    """Run the job for one district in this process, and wait for its end.

    Args:
        name: of the district, for people who look at the run.
        mode: how the district is read: `full`, `delta`, or `auto`, which chooses.
        trigger: who asked: `nightly`, `manual` or `cli`.
        tags: more tags of the run.
        beside: the run of the same code location that this one is a part of.
        on_step: called with the name of each asset that was materialized, and its metadata, as it happens.
    """
    run_id = str(uuid4())
    instance.add_event_listener(run_id, _listener(on_step))
    run = create_run(
        instance,
        job,
        run_id=run_id,
        run_config=_run_config(job, district_id, mode),
        tags={**job.run_tags, **run_tags(trigger, name), **(tags or {}), PARTITION_TAG: district_id},
        beside=beside,
    )
    events = execute_run(instance, job, run)
    return Ended(run_id) if has_succeeded(events) else _ended_badly(run_id, events)


def _listener(on_step: OnStep) -> Callable[[dg.EventLogEntry], None]:
    """Call `on_step` for each asset that a run materializes."""

    def listen(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event and event.is_step_materialization:
            made = event.step_materialization_data.materialization
            on_step(made.asset_key.to_user_string(), {name: value.value for name, value in made.metadata.items()})

    return listen


def _run_config(job: dg.JobDefinition, district_id: str, mode: str) -> Mapping[str, Any]:
    """What the job itself sets, and the mode."""
    own = job.partitioned_config.get_run_config_for_partition_key(district_id) if job.partitioned_config else {}
    first = own.get("ops", {}).get(FIRST_STEP, {}).get("config", {})
    return {"ops": {FIRST_STEP: {"config": {**first, "mode": mode}}}, "loggers": QUIET}


def _ended_badly(run_id: str, events: Sequence[dg.DagsterEvent]) -> Ended:
    for event in events:
        if is_interrupted_step(event):
            raise KeyboardInterrupt
        if event.is_step_failure and (said := event.step_failure_data.user_failure_data):
            code = int(str(said.metadata[EXIT_CODE].value))
            step = f" (step {event.step_key})" if code in (RosterError.exit_code, ProductUnusable.exit_code) else ""
            return Ended(run_id, f"{said.description}{step}", code)
    return Ended(run_id, f"Run {run_id} failed in a way of ours; see it in the Dagster UI, or report its id.", 1)


def read_ended(instance: dg.DagsterInstance, run_id: str) -> Ended:
    """How a run ended that somebody else started, and that did not publish."""
    if said := failure_of_run(instance, run_id):
        return Ended(run_id, *said)
    return Ended(run_id, f"Run {run_id} was killed, or failed in a way of ours; see it in the Dagster UI.", 1)


def project_file(name: str) -> Path:
    """A file of the project, such as dagster.yaml: beside the package in a checkout, inside it once built."""
    package = Path(str(files("roster_pipeline")))
    inside = package / name
    return inside if inside.exists() else package.parent / name
