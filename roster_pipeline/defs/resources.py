"""What a run needs of the outside, opened at run time and closed after it: resources build plain objects.

The environment is read here and not at import: a code location loads anywhere, and a rotated secret is picked up.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import dagster as dg
import duckdb
from pydantic import PrivateAttr
from sqlalchemy import Connection, Engine

from roster_pipeline.clever import clever_access
from roster_pipeline.damaged import as_damage, move_aside
from roster_pipeline.defs.failures import failure_of_run, lines_alone
from roster_pipeline.defs.outcome import STALE, outcome_words, plain_outcome, tag_beginning, tag_outcome, trigger_of
from roster_pipeline.defs.partitions import DISTRICT_TAG, OUTCOME_TAG, PARTITION_TAG
from roster_pipeline.defs.selection import Selection, selection_of
from roster_pipeline.errors import CannotStart, FileDamaged, PartitionMissing, PlanStale, RosterError, is_interruption
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.instance.run_process import cancel, is_stopped
from roster_pipeline.land.preview import continue_preview, discard_previews
from roster_pipeline.land.warehouse import (
    can_stay_open,
    discard_workspace,
    district_file,
    open_working_file,
    title,
    workspace_file,
)
from roster_pipeline.model.text import label
from roster_pipeline.paths import private_folder
from roster_pipeline.plan.build import has_sync_data
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import DistrictLock, district_lock, open_product, transaction
from roster_pipeline.product.organizations import name_of
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.syncs.lifecycle import close_unpublished, state_of, uid_of
from roster_pipeline.syncs.reopen import AGAIN, find_reopenable, reopen_sync

Done = TypeVar("Done")


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
    """One run's sync of one district: its lock, held from the first step to the last, and what the steps open.

    Whoever comes second for the same district, from the daemon, a command or another machine, waits here.
    """

    _settings: Settings = PrivateAttr()
    _engine: Engine = PrivateAttr()
    _district_id: str = PrivateAttr(default="")
    _district_name: str = PrivateAttr(default="")
    _run: dg.DagsterRun = PrivateAttr()
    _selection: Selection = PrivateAttr()
    _refusal: Exception | None = PrivateAttr(default=None)
    _state: str | None = PrivateAttr(default=None)
    _lock: DistrictLock = PrivateAttr()
    _kept: ExitStack = PrivateAttr()
    _small: duckdb.DuckDBPyConnection | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[DistrictSync, None, None]:
        """Open what the run needs. What fails here fails the first step, which can say so in one line."""
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
                self._attempt(lambda: opened.enter_context(self._alone(instance, log)), self._take_up)
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
    def _alone(self, instance: dg.DagsterInstance, log: logging.Logger) -> Iterator[None]:
        """Hold the district's lock, and leave nothing behind."""
        waiting = f"Another sync of district {self._district_id} is running; this one waits for it to end."
        with district_lock(self._engine, self._district_id, on_wait=partial(log.info, waiting)) as self._lock:
            discard_workspace(self.files, self._district_id)  # which a killed run left
            discard_previews(self.files, self.now())
            self._small = None
            try:
                with ExitStack() as self._kept:
                    yield
            finally:
                discard_workspace(self.files, self._district_id)
                self._close(instance, log)
                self._engine.dispose()

    def _take_up(self) -> None:
        """Let a run that repeats a failed sync go on with it; refuse every other part of a sync that would publish.

        Raises:
            CannotStart, PlanStale: it is refused.
        """
        if self._selection.looks and not self._selection.reads:
            continue_preview(self.files, self._district_id)
        if self._selection.is_whole or not self._selection.publishes:
            return
        if not self._selection.repeats or self._selection.reads:
            raise CannotStart(f"Only a whole sync publishes, and this run is a part of one. {AGAIN}")
        with self.product() as pg:
            trigger = trigger_of(self._run)
            sync_id = find_reopenable(pg, self._district_id, runs=self._selection.repeats, trigger=trigger)
            with self.warehouse() as con:
                if not has_sync_data(con, uid_of(pg, sync_id), with_plan=not self._selection.plans):
                    raise PlanStale(f"What sync {sync_id} had read and planned is no longer kept. {AGAIN}")
            reopen_sync(pg, sync_id, dagster_run_id=self._run.run_id)

    def _close(self, instance: dg.DagsterInstance, log: logging.Logger) -> None:
        """No sync stays `running` behind its run, whatever ended it."""
        is_canceled = is_stopped(instance, self._run)

        def why() -> str | None:
            failure = failure_of_run(instance, self._run.run_id)
            return failure and failure[0]

        def close(pg: Connection) -> str | None:
            close_unpublished(pg, self._run.run_id, self.now(), why=why, is_canceled=is_canceled)
            return state_of(pg, self._run.run_id)

        try:
            self._state = write_product(self._engine, close)
        except RosterError as error:
            log.warning(f"{error} The next sync of this district closes this one.")
        if is_canceled:
            self._state = self._state or "canceled"
            cancel(instance, self._run)

    def _tag_outcome(self, instance: dg.DagsterInstance) -> None:
        tag_outcome(instance, self._run, outcome_words(instance, self._run, self._selection, self._state))

    def _admitted(self) -> None:
        """Raise what the run was refused for, in the step that begins."""
        if self._refusal:
            raise self._refusal

    @property
    def is_whole(self) -> bool:
        """Whether the run is a sync from its first step to its last; no other one is recorded."""
        return self._selection.is_whole

    @property
    def district_name(self) -> str:
        """As Clever has it, for people; cut and cleaned."""
        return label(self._district_name)

    @property
    def district_id(self) -> str:
        return self._district_id

    @property
    def files(self) -> Path:
        """The folder of the districts' DuckDB files."""
        return self._settings.districts_folder

    @property
    def snapshots_folder(self) -> Path:
        return self._settings.snapshots_folder

    @property
    def api_version(self) -> str:
        return self._settings.clever_api_version

    @property
    def is_delta(self) -> bool:
        """Whether this run works on an excerpt of the district."""
        return workspace_file(self.files, self._district_id).exists()

    def now(self) -> datetime:
        """The clock of a run; stages are handed the time."""
        return datetime.now(UTC)

    def clever(self) -> CleverClient:
        self._admitted()
        return CleverClient(clever_access(self._settings))

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The district's own DuckDB file; in a delta sync, the excerpt of it; in a preview, a copy of it.

        A small one stays open to the end of the run: opening it takes as long as a step with it. A large one is closed
        after each step, and with it goes the memory that the step has used.
        A damaged one is moved aside, and the next sync reads the district in full.
        """
        self._admitted()
        file = district_file(self.files, self._district_id, is_preview=self._selection.looks)
        try:
            with as_damage(file, title(self._district_id)), self._kept_open() as con:
                yield con
        except FileDamaged as damage:
            self._kept.close()
            move_aside(damage.file, self.now())
            raise

    def _kept_open(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        if self._small is None:
            opened = open_working_file(self.files, self._district_id, is_preview=self._selection.looks)
            if not can_stay_open(self.files, self._district_id, is_preview=self._selection.looks):
                return opened
            self._small = self._kept.enter_context(opened)
        return nullcontext(self._small)

    @contextmanager
    def product(self, *, one_view: bool = False) -> Iterator[Connection]:
        """One transaction on the product database; with `one_view`, all its queries see the same moment."""
        self._admitted()
        with transaction(self._engine, one_view=one_view) as pg:
            yield pg

    def write(self, work: Callable[[Connection], Done]) -> Done:
        """Run `work` in a transaction on the product database, again where another session was in its way.

        It is committed only if the lock of the district is held from its beginning to its end.

        Raises:
            LockLost: the lock is gone, so another sync of the district may have begun.
        """
        self._admitted()

        def work_under_lock(pg: Connection) -> Done:
            self._lock.check(pg)
            done = work(pg)
            self._lock.check(pg)
            return done

        return write_product(self._engine, work_under_lock)

    @contextmanager
    def landing(self) -> Iterator[Path]:
        """A folder for files on their way, gone afterwards; what a killed run left there goes first."""
        folder = self._settings.landing_folder / self._district_id
        shutil.rmtree(folder, ignore_errors=True)
        private_folder(folder)
        with TemporaryDirectory(dir=folder) as path:
            yield Path(path)
