"""What a run needs: the product database for sensors and schedules, and the sync of one district for its steps.

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
from roster_pipeline.defs.outcome import STALE, outcome_words, plain_outcome, tag_beginning, tag_outcome, trigger_of
from roster_pipeline.defs.partitions import DISTRICT_TAG, OUTCOME_TAG, PARTITION_TAG
from roster_pipeline.defs.selection import Selection, selection_of
from roster_pipeline.errors import CannotStart, PartitionMissing, is_interruption
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.instance.run_process import cancel, is_stopped
from roster_pipeline.land.preview import continue_preview
from roster_pipeline.model.text import make_label
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import name_of
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.sync_context import SyncContext, SyncRequest, hold_district
from roster_pipeline.syncs.reopen import AGAIN


class Product(dg.ConfigurableResource[None]):
    """The product database, for schedules and sensors.

    Attributes:
        patience: seconds that a sensor which is in a hurry stays and looks, if there is nothing to do yet.
    """

    patience: float = 9.0

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Tag a run that is about many districts; a sensor and a schedule have none, `DistrictSync` tags its own."""
        if context.run and context.instance and PARTITION_TAG not in context.run.tags:
            tag_beginning(context.instance, context.run, context.run.tags.get(DISTRICT_TAG, "all districts"))

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Say how such a run ended, where it has not said so itself."""
        run = context.run and context.instance and context.instance.get_run_by_id(context.run.run_id)
        if not run or not context.instance or PARTITION_TAG in run.tags:
            return
        if run.tags.get(OUTCOME_TAG) in (None, STALE[OUTCOME_TAG]):
            tag_outcome(context.instance, run, plain_outcome(context.instance, run))

    def engine(self) -> Engine:
        return open_product(read_settings())

    def now(self) -> datetime:
        """The clock of schedules and sensors; what decides is handed the time."""
        return datetime.now(UTC)


class DistrictSync(dg.ConfigurableResource["DistrictSync"]):
    """The sync of one district in one run. The run holds the district's lock from its first step to its last.

    A second run for the same district waits, whether the daemon, a command or another machine started it.
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
        """Open what the run needs. An error here fails the first step, which can show it in one line."""
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

    def _attempt(self, *works: Callable[[], object]) -> None:
        try:
            for work in works:
                work()
        except Exception as error:
            if is_interruption(error):
                raise
            self._refusal = error

    def _open(self) -> None:
        self._district_id = self._district_name = self._run.tags.get(PARTITION_TAG, "")
        if not self._district_id:
            raise PartitionMissing(
                f"This run of {self._run.job_name} names no district, because it has no partition. Nothing was tried. "
                "Start it with the Clever id of a connected district as its partition."
            )
        self._settings = read_settings()
        self._engine = open_product(self._settings)
        with transaction(self._engine) as pg:
            self._district_name = name_of(pg, self._district_id) or self._district_id

    @contextmanager
    def _hold(self, instance: dg.DagsterInstance, log: logging.Logger) -> Iterator[None]:
        """Hold the district's lock, and close the sync at the end of the run."""
        waiting = f"Another sync of district {self._district_id} is running; this one waits for it to end."
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
        """Let a run that repeats a failed sync go on with it. Refuse every other part of a sync that would publish.

        Raises:
            CannotStart, PlanStale: the run is refused.
        """
        if self._selection.looks and not self._selection.reads:
            continue_preview(self._settings.districts_folder, self._district_id)
        if self._selection.is_whole or not self._selection.publishes:
            return
        if not self._selection.repeats or self._selection.reads:
            raise CannotStart(f"Only a whole sync publishes, and this run is a part of one. {AGAIN}")
        needs_plan = not self._selection.plans
        pipeline.reopen(self._context, repeated_runs=self._selection.repeats, needs_plan=needs_plan)

    def _close(self, instance: dg.DagsterInstance) -> None:
        """Close the sync of the run if it was not published, for whatever reason the run ended."""
        is_canceled = is_stopped(instance, self._run)

        def why() -> str | None:
            failure = failure_of_run(instance, self._run.run_id)
            return failure and failure[0]

        self._state = pipeline.close(self._context, why=why, is_canceled=is_canceled)
        if is_canceled:
            self._state = self._state or "canceled"
            cancel(instance, self._run)

    def _tag_outcome(self, instance: dg.DagsterInstance) -> None:
        tag_outcome(instance, self._run, outcome_words(instance, self._run, self._selection, self._state))

    @property
    def context(self) -> SyncContext:
        """The context of the run's sync, for the functions of `pipeline`.

        Raises:
            RosterError: the run was refused. The first step raises the refusal, so that the UI shows it there.
        """
        if self._refusal:
            raise self._refusal
        return self._context

    @property
    def district_name(self) -> str:
        """The name that Clever has for the district, cut and cleaned for people."""
        return make_label(self._district_name)

    @property
    def district_id(self) -> str:
        return self._district_id

    def now(self) -> datetime:
        """The clock of the run; tests override it."""
        return datetime.now(UTC)

    def clever(self) -> CleverClient:
        """Make a client for Clever; tests override it."""
        return CleverClient(clever_access(self._settings))
