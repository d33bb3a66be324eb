"""The Dagster resources: the product database for sensors and schedules, and the sync of one district for its steps.

The environment is read when a run begins and not when the code location loads. The code location therefore loads
anywhere, and a rotated secret takes effect with the next run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial

import dagster as dg
from pydantic import PrivateAttr
from sqlalchemy import Engine

from roster_pipeline import pipeline
from roster_pipeline.clever import clever_access
from roster_pipeline.defs.failures import failure_of_run, lines_alone
from roster_pipeline.defs.outcome import (
    describe_other_outcome,
    describe_outcome,
    has_outcome,
    tag_beginning,
    tag_outcome,
    trigger_of,
)
from roster_pipeline.defs.partitions import DISTRICT_TAG, PARTITION_TAG
from roster_pipeline.defs.selection import Selection, selection_of
from roster_pipeline.errors import CannotStart, PartitionMissing, is_interruption
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.instance.run_process import is_stopped, report_canceling
from roster_pipeline.land.preview import continue_preview
from roster_pipeline.messages import operator
from roster_pipeline.model.text import make_label
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import find_district_name
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.sync_context import SyncContext, SyncRequest, hold_district
from roster_pipeline.syncs.reopen import NEXT_STEP


class Product(dg.ConfigurableResource[None]):
    """The product database, for schedules, sensors and runs of many districts.

    Attributes:
        patience: how many seconds one call of the sensor `refresh_requests` polls for waiting requests.
    """

    patience: float = 9.0

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Tag the beginning of a run without a partition. `DistrictSync` tags the runs of one district."""
        if context.run and context.instance and PARTITION_TAG not in context.run.tags:
            tag_beginning(context.instance, context.run, context.run.tags.get(DISTRICT_TAG, "all districts"))

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Tag the outcome of a run without a partition, unless the run has done so itself."""
        run = context.run and context.instance and context.instance.get_run_by_id(context.run.run_id)
        if not run or not context.instance or PARTITION_TAG in run.tags:
            return
        if not has_outcome(run):
            tag_outcome(context.instance, run, describe_other_outcome(context.instance, run))

    def engine(self) -> Engine:
        """Return the engine of the product database."""
        return open_product(read_settings())

    def now(self) -> datetime:
        """Return the present time. Tests override it."""
        return datetime.now(UTC)


class DistrictSync(dg.ConfigurableResource["DistrictSync"]):
    """The sync of one district in one run.

    The run holds the district's lock from its first step to its last. A second run for the same district waits, even
    if another machine started it.
    """

    _settings: Settings = PrivateAttr()
    _engine: Engine = PrivateAttr()
    _district_id: str = PrivateAttr(default="")
    _district_name: str = PrivateAttr(default="")
    _run: dg.DagsterRun = PrivateAttr()
    _selection: Selection = PrivateAttr()
    _refusal: Exception | None = PrivateAttr(default=None)
    _state: str | None = PrivateAttr(default=None)
    _context: SyncContext = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[DistrictSync, None, None]:
        """Hold the district's lock during the run.

        An error here is stored. The first step raises it, and the Dagster UI shows it there in one line.
        """
        instance, log = context.instance, context.log or dg.get_dagster_logger()
        assert context.run is not None  # resources of a job are opened by a run
        assert instance is not None
        self._run, self._selection = context.run, selection_of(context.run)
        self._refusal = self._state = None
        with ExitStack() as opened:
            opened.enter_context(lines_alone())
            self._attempt(self._open)
            tag_beginning(instance, self._run, self._district_name)
            opened.callback(self._tag_outcome, instance)
            if self._refusal is None:
                self._attempt(lambda: opened.enter_context(self._hold(instance, log)), self._reopen)
            yield self

    def _attempt(self, *actions: Callable[[], object]) -> None:
        """Call the actions in order, and store the first error as the refusal of the run."""
        try:
            for action in actions:
                action()
        except Exception as error:
            if is_interruption(error):
                raise
            self._refusal = error

    def _open(self) -> None:
        """Read the settings and the district's name, and open the product database.

        Raises:
            PartitionMissing: the run has no partition.
        """
        self._district_id = self._district_name = self._run.tags.get(PARTITION_TAG, "")
        if not self._district_id:
            raise PartitionMissing(
                f"This run of {self._run.job_name} names no district, because it has no partition. Nothing was "
                "changed. Start it with the Clever id of a connected district as its partition."
            )
        self._settings = read_settings()
        self._engine = open_product(self._settings)
        with transaction(self._engine) as pg:
            self._district_name = find_district_name(pg, self._district_id) or self._district_id

    @contextmanager
    def _hold(self, instance: dg.DagsterInstance, log: logging.Logger) -> Iterator[None]:
        """Hold the district's lock, and close the sync at the end of the run."""
        waiting = f"Another sync of district {self._district_id} is running. This one waits for it to end."
        request = SyncRequest(
            self._settings,
            self._engine,
            self._district_id,
            self._run.run_id,
            trigger_of(self._run),
            is_preview=self._selection.looks,
            now=self.now,
            clever=self.clever,
        )
        try:
            with hold_district(request, on_wait=partial(log.info, waiting)) as self._context:
                try:
                    yield
                finally:
                    self._close(instance)
        finally:
            self._engine.dispose()

    def _reopen(self) -> None:
        """Reopen the failed sync that the run repeats. Refuse every other partial run that would publish.

        Raises:
            CannotStart: the run is only a part of a sync and would publish.
            PlanStale: the failed sync cannot be reopened, for example because a later sync exists.
        """
        if self._selection.looks and not self._selection.reads:
            continue_preview(self._settings.districts_folder, self._district_id)
        if self._selection.is_whole or not self._selection.publishes:
            return
        if not self._selection.repeats or self._selection.reads:
            raise CannotStart(
                operator.text(
                    "Only a whole sync publishes. This run has only some of its steps. {next_step}",
                    next_step=operator.text(NEXT_STEP),
                )
            )
        needs_plan = not self._selection.plans
        pipeline.reopen(self._context, repeated_runs=self._selection.repeats, needs_plan=needs_plan)

    def _close(self, instance: dg.DagsterInstance) -> None:
        """Close the sync of the run if it was not published, whatever ended the run."""
        is_canceled = is_stopped(instance, self._run)

        def why() -> str | None:
            failure = failure_of_run(instance, self._run.run_id)
            return failure and failure[0]

        self._state = pipeline.close(self._context, why=why, is_canceled=is_canceled)
        if is_canceled:
            self._state = self._state or "canceled"
            report_canceling(instance, self._run)

    def _tag_outcome(self, instance: dg.DagsterInstance) -> None:
        """Tag the run with the words that say how it ended."""
        tag_outcome(instance, self._run, describe_outcome(instance, self._run, self._selection, self._state))

    @property
    def context(self) -> SyncContext:
        """The context of the sync, for the functions of `pipeline`.

        Raises:
            RosterError: the run was refused.
        """
        if self._refusal:
            raise self._refusal
        return self._context

    @property
    def district_name(self) -> str:
        """The name of the district in Clever, made safe to show."""
        return make_label(self._district_name)

    @property
    def district_id(self) -> str:
        """The Clever id of the district."""
        return self._district_id

    def now(self) -> datetime:
        """Return the present time. Tests override it."""
        return datetime.now(UTC)

    def clever(self) -> CleverClient:
        """Make a client for Clever. Tests override it."""
        return CleverClient(clever_access(self._settings))
