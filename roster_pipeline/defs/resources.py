"""What a run needs of the outside, opened at run time and closed after it: resources build plain objects.

The environment is read here and not at import: a code location loads anywhere, and a rotated secret is picked up.
"""

from __future__ import annotations

import logging
import os
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
from roster_pipeline.defs.failures import as_refusal, failure_of_run
from roster_pipeline.defs.partitions import PARTITION_TAG
from roster_pipeline.defs.process import process_tag
from roster_pipeline.errors import PartitionMissing, ProductUnusable
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.land import open_warehouse
from roster_pipeline.land.warehouse import discard_excerpt, excerpt_file, is_small, open_excerpt
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import DistrictLock, district_lock, open_product, transaction
from roster_pipeline.publish.ledger import close_unpublished
from roster_pipeline.settings import Settings, read_settings

Done = TypeVar("Done")


class Product(dg.ConfigurableResource[None]):
    """The product database, for schedules and sensors.

    Attributes:
        patience: seconds that a sensor which is in a hurry stays and looks, if there is nothing to do yet.
    """

    patience: float = 9.0

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
    _district_id: str = PrivateAttr()
    _run_id: str = PrivateAttr()
    _lock: DistrictLock = PrivateAttr()
    _kept: ExitStack = PrivateAttr()
    _small: duckdb.DuckDBPyConnection | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[DistrictSync, None, None]:
        run = context.run
        assert run is not None  # resources of a job are opened by a run
        log = context.log or dg.get_dagster_logger()
        with as_refusal():
            self._settings = read_settings()
            self._engine = open_product(self._settings)
            self._district_id = _district_of(run)
        self._run_id = run.run_id
        if context.instance:
            context.instance.add_run_tags(run.run_id, process_tag(run.run_id, os.getpid()))
        waiting = f"Another sync of district {self._district_id} is running; this one waits for it to end."
        with district_lock(self._engine, self._district_id, on_wait=partial(log.info, waiting)) as self._lock:
            discard_excerpt(self.files, self._district_id)  # which a killed run left
            self._small = None
            try:
                with ExitStack() as self._kept:
                    yield self
            finally:
                discard_excerpt(self.files, self._district_id)
                self._close(log, context.instance)
                self._engine.dispose()

    def _close(self, log: logging.Logger, instance: dg.DagsterInstance | None) -> None:
        """No sync stays `running` behind its run, whatever ended it."""

        def why() -> str | None:
            failure = failure_of_run(instance, self._run_id) if instance else None
            return failure and failure[0]

        try:
            write_product(self._engine, lambda pg: close_unpublished(pg, self._run_id, self.now(), why=why))
        except ProductUnusable as error:
            log.warning(f"{error} The next sync of this district closes this one.")

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
        return excerpt_file(self.files, self._district_id).exists()

    def now(self) -> datetime:
        """The clock of a run; stages are handed the time."""
        return datetime.now(UTC)

    def clever(self) -> CleverClient:
        return CleverClient(clever_access(self._settings))

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The district's own DuckDB file; in a delta sync, the excerpt of it.

        A small one stays open to the end of the run: opening it takes as long as a step with it. A large one is closed
        after each step, and with it goes the memory that the step has used.
        """
        if self._small is None and (self.is_delta or is_small(self.files, self._district_id)):
            self._small = self._kept.enter_context(self._opened())
        with nullcontext(self._small) if self._small else self._opened() as con:
            yield con

    def _opened(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return (open_excerpt if self.is_delta else open_warehouse)(self.files, self._district_id)

    @contextmanager
    def product(self, *, one_view: bool = False) -> Iterator[Connection]:
        """One transaction on the product database; with `one_view`, all its queries see the same moment."""
        with transaction(self._engine, one_view=one_view) as pg:
            yield pg

    def write(self, work: Callable[[Connection], Done]) -> Done:
        """Run `work` in a transaction on the product database, again where another session was in its way.

        It is committed only if the lock of the district is held from its beginning to its end.

        Raises:
            LockLost: the lock is gone, so another sync of the district may have begun.
        """

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
        folder.mkdir(mode=0o700, parents=True)
        with TemporaryDirectory(dir=folder) as path:
            yield Path(path)


def _district_of(run: dg.DagsterRun) -> str:
    if PARTITION_TAG not in run.tags:
        raise PartitionMissing(
            f"This run of {run.job_name} has no partition, so it has no district. Nothing was tried. Start it with the "
            "Clever id of a connected district as its partition."
        )
    return run.tags[PARTITION_TAG]
