"""What one sync of one district works with: settings, product database, DuckDB file, Clever, clock and lock.

`hold_district` makes the context. Every stage of `pipeline` takes it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import duckdb
from sqlalchemy import Connection, Engine

from roster_pipeline.clever import clever_access
from roster_pipeline.damaged import move_aside
from roster_pipeline.errors import FileDamaged
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.land.preview import discard_previews
from roster_pipeline.land.session import WarehouseSession
from roster_pipeline.model.limits import Limits
from roster_pipeline.paths import private_folder
from roster_pipeline.product.busy import Patience, write_under_lock
from roster_pipeline.product.database import DistrictLock, district_lock, transaction
from roster_pipeline.settings import Settings
from roster_pipeline.syncs.progress import Step, SyncProgress

Result = TypeVar("Result")


def utc_now() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class SyncRequest:
    """Which district to sync, and with what.

    Attributes:
        product: the engine of the product database.
        run_id: identifies this sync in `roster.syncs.dagster_run_id`. Two syncs never have the same one.
        trigger: what started the sync, as in `product.tables.TRIGGERS`.
        is_preview: read and plan in a copy of the district's file, and record no sync.
        now: the clock.
        clever: makes the HTTP client. None: a client with the credentials in the settings.
        patience: how long the sync waits for locks of other sessions. None: the usual time.
        limits: thresholds in place of the organization's own.
    """

    settings: Settings
    product: Engine
    district_id: str
    run_id: str
    trigger: str = "cli"
    is_preview: bool = False
    now: Callable[[], datetime] = utc_now
    clever: Callable[[], CleverClient] | None = None
    patience: Patience | None = None
    limits: Limits | None = None


@dataclass(frozen=True)
class SyncContext:
    """A sync that holds the lock of its district.

    Attributes:
        lock: the lock, which every write checks.
        session: the connection to the district's DuckDB file.
    """

    request: SyncRequest
    lock: DistrictLock
    session: WarehouseSession

    @property
    def district_id(self) -> str:
        return self.request.district_id

    @property
    def settings(self) -> Settings:
        return self.request.settings

    @property
    def is_delta(self) -> bool:
        """Whether the sync works in a delta workspace."""
        return self.session.is_delta

    def now(self) -> datetime:
        """Return the time of the request's clock."""
        return self.request.now()

    @cached_property
    def progress(self) -> SyncProgress:
        """Return what records how far this sync is."""
        return SyncProgress(self.request.product, self.request.run_id, self.now)

    def begin_step(self, step: Step) -> None:
        """Record that a step of the sync begins. A preview is no sync and has no steps."""
        if not self.request.is_preview:
            self.progress.begin_step(step)

    def count_read_rows(self, rows: int) -> None:
        """Record that rows were read from Clever."""
        if not self.request.is_preview:
            self.progress.add_rows(rows)

    def clever(self) -> CleverClient:
        """Make a client for Clever; the caller closes it."""
        return self.request.clever() if self.request.clever else CleverClient(clever_access(self.settings))

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give the connection to the DuckDB file of this sync. Nested uses share it.

        Raises:
            FileDamaged: the file is damaged. It has been moved aside, and the next sync reads the district in full.
        """
        try:
            with self.session.open() as con:
                yield con
        except FileDamaged as damage:
            if not self.session.is_in_use:  # an outer use still has the file open, and moves it at its end
                self.session.close()
                move_aside(damage.file, self.now())
            raise

    @contextmanager
    def read_product(self, *, one_view: bool = False) -> Iterator[Connection]:
        """Give one transaction on the product database.

        Args:
            one_view: all queries of the transaction see the same moment.
        """
        with transaction(self.request.product, one_view=one_view) as pg:
            yield pg

    def write_product(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in one transaction on the product database. Run it again if other sessions were in its way.

        Raises:
            LockLost: the lock of the district is gone, so another sync may have begun. Nothing was written.
            ProductBusy, ProductUnusable: as `product.busy.write_product`.
        """
        return write_under_lock(self.request.product, self.lock, work, self.request.patience)

    @contextmanager
    def landing_folder(self) -> Iterator[Path]:
        """Give an empty folder for what is read from Clever. The folder is removed at the end of the block."""
        folder = self.settings.landing_folder / self.district_id
        shutil.rmtree(folder, ignore_errors=True)  # a killed sync may have left files there
        private_folder(folder)
        with TemporaryDirectory(dir=folder) as path:
            yield Path(path)


@contextmanager
def hold_district(request: SyncRequest, *, on_wait: Callable[[], None]) -> Iterator[SyncContext]:
    """Hold the district's lock while the block runs. Remove what a killed sync left behind.

    Args:
        on_wait: called once if another sync of the district is running, before this one waits for its end.

    Raises:
        ProductUnusable: the product database is away.
    """
    folder, district_id = request.settings.districts_folder, request.district_id
    with (
        district_lock(request.product, district_id, on_wait=on_wait) as lock,
        WarehouseSession(folder, district_id, is_preview=request.is_preview) as session,
    ):
        session.end_delta()
        discard_previews(folder, request.now())
        try:
            yield SyncContext(request, lock, session)
        finally:
            session.end_delta()
