"""Runs the sync_roster job from a command, in this process, and tells how it ended."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
from dagster._core.execution.plan.objects import ErrorSource
from dagster_postgres.utils import DagsterPostgresException
from sqlalchemy.exc import SQLAlchemyError

from roster_pipeline.defs.failures import EXIT_CODE
from roster_pipeline.defs.jobs import FIRST_STEP
from roster_pipeline.defs.partitions import DISTRICTS, run_tags
from roster_pipeline.embedded import dagster_url
from roster_pipeline.errors import ProductUnusable, RosterError
from roster_pipeline.product.database import connect, transaction
from roster_pipeline.settings import Settings

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
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    ours, theirs = _instance_file(), home / "dagster.yaml"
    if not theirs.exists() or theirs.read_bytes() != ours.read_bytes():
        # Moved in whole: another command may read it at this moment, and half of it is another Dagster.
        fresh = home / f".dagster.yaml.{os.getpid()}"
        shutil.copyfile(ours, fresh)
        fresh.replace(theirs)
    return home


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The instance that the UI and the daemon use too.

    Raises:
        ProductUnusable: its PostgreSQL is away.
    """
    with transaction(connect(dagster_url(settings))):
        pass  # dagster-postgres would try for a while, and then say it in many lines
    try:
        with dg.DagsterInstance.from_config(str(prepare_home(settings))) as instance:
            yield instance
    except (SQLAlchemyError, DagsterPostgresException) as error:
        raise ProductUnusable(
            f"Dagster's PostgreSQL went away or refused ({type(error).__name__}). The run may look unfinished there; "
            "the product is whole. Check the server and ROSTER_DAGSTER_DATABASE_URL, then run again."
        ) from None


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
) -> Ended:
    """Run the job for one district in this process, and wait for its end.

    Args:
        name: of the district, for people who look at the run.
        mode: how the district is read: `full`, `delta`, or `auto`, which chooses.
        trigger: who asked: `nightly`, `manual` or `cli`.
        tags: more tags of the run.
        on_step: called with the name of each asset that was materialized, and its metadata, as it happens.
    """
    run_id = str(uuid4())

    def listen(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event and event.is_step_materialization:
            made = event.step_materialization_data.materialization
            on_step(made.asset_key.to_user_string(), {name: value.value for name, value in made.metadata.items()})

    instance.add_event_listener(run_id, listen)
    result = job.execute_in_process(
        instance=instance,
        partition_key=district_id,
        run_id=run_id,
        tags={**run_tags(trigger, name), **(tags or {})},
        run_config=_run_config(job, district_id, mode),
        raise_on_error=False,
    )
    return Ended(run_id) if result.success else _ended_badly(run_id, result)


def _run_config(job: dg.JobDefinition, district_id: str, mode: str) -> Mapping[str, Any]:
    """What the job itself sets, and the mode."""
    own = job.partitioned_config.get_run_config_for_partition_key(district_id) if job.partitioned_config else {}
    first = own.get("ops", {}).get(FIRST_STEP, {}).get("config", {})
    return {"ops": {FIRST_STEP: {"config": {**first, "mode": mode}}}, "loggers": QUIET}


def _ended_badly(run_id: str, result: dg.ExecuteInProcessResult) -> Ended:
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error_source == ErrorSource.INTERRUPT:
            raise KeyboardInterrupt
        if event.is_step_failure and (said := event.step_failure_data.user_failure_data):
            code = int(str(said.metadata[EXIT_CODE].value))
            step = f" (step {event.step_key})" if code in (RosterError.exit_code, ProductUnusable.exit_code) else ""
            return Ended(run_id, f"{said.description}{step}", code)
    return Ended(run_id, f"Run {run_id} failed in a way of ours; see it in the Dagster UI, or report its id.", 1)


def read_ended(instance: dg.DagsterInstance, run_id: str) -> Ended:
    """How a run ended that somebody else started, and that did not publish."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        said = event.step_failure_data.user_failure_data if event else None
        if said:
            return Ended(run_id, said.description, int(str(said.metadata[EXIT_CODE].value)))
    return Ended(run_id, f"Run {run_id} was killed, or failed in a way of ours; see it in the Dagster UI.", 1)


def _instance_file() -> Path:
    """dagster.yaml of the project: beside the package in a checkout, inside it once built."""
    package = Path(str(files("roster_pipeline")))
    inside = package / "dagster.yaml"
    return inside if inside.exists() else package.parent / "dagster.yaml"
