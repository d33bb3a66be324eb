"""What one update of a Library teacher works with: a lock of the teacher's own, and a DuckDB database in memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from roster_pipeline.land.session import WarehouseSession
from roster_pipeline.model.queries import define_macros
from roster_pipeline.paths import private_folder
from roster_pipeline.product.database import district_lock, name_teacher_lock
from roster_pipeline.settings import Settings
from roster_pipeline.sync_context import SyncContext, SyncRequest

LIBRARY = "library"
"""Stands for the Clever id of a district in the organization of Clever Library."""
MEMORY = "128MB"


class MemorySession(WarehouseSession):
    """A session whose database is in memory, because the feed of one teacher is small and is read in full each time.

    Args:
        folder: the folder for the rows that DuckDB and PostgreSQL exchange. The caller removes it.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, LIBRARY)
        options: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "threads": 1,
            "temp_directory": str(folder),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        self._memory = self._kept.enter_context(duckdb.connect(config=options))
        define_macros(self._memory)

    @property
    def is_delta(self) -> bool:
        return False

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give the connection, which stays the same until the session ends."""
        yield self._memory


@contextmanager
def hold_teacher(request: SyncRequest, account_id: int) -> Iterator[tuple[SyncContext, Path]]:
    """Hold the lock of a Library teacher while the block runs. Another update of the teacher waits.

    Returns:
        The context for the stages, and an empty folder for landing files. The folder is removed at the end.
    """
    unit = name_teacher_lock(account_id)
    with district_lock(request.product, unit, on_wait=lambda: None) as lock:
        folder = _name_folder(request.settings, account_id)
        remove_landing_files(request.settings, account_id)  # a killed update may have left some
        for each in (folder, folder / "lists", folder / "rows"):
            private_folder(each)
        try:
            with MemorySession(folder / "rows") as session:
                yield SyncContext(request, lock, session), folder / "lists"
        finally:
            remove_landing_files(request.settings, account_id)


def remove_landing_files(settings: Settings, account_id: int) -> None:
    """Remove the folder with what an update of a teacher has read. The caller holds the lock of the teacher."""
    shutil.rmtree(_name_folder(settings, account_id), ignore_errors=True)


def _name_folder(settings: Settings, account_id: int) -> Path:
    return settings.landing_folder / name_teacher_lock(account_id)
