"""Runs the correction of a command: holds the lock of the district, writes in one transaction, and renews the snapshot.

The worker of the Clever page holds the district by `hold_district` too. The next pass renews the snapshot after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import duckdb
from sqlalchemy import Connection, Engine

from roster_pipeline.corrections.resolve import BulkResolution, Resolution
from roster_pipeline.corrections.summary import CorrectionCount, count_correction
from roster_pipeline.corrections.undo import UndoResult
from roster_pipeline.errors import RosterError
from roster_pipeline.messages import operator
from roster_pipeline.product.busy import write_under_lock
from roster_pipeline.product.database import DistrictLock, district_lock
from roster_pipeline.settings import Settings
from roster_pipeline.snapshot import renew_snapshot

Warn = Callable[[str], None]
Result = TypeVar("Result", Resolution, BulkResolution, UndoResult)
NOT_SAVED = operator.mark(
    "The correction is saved as sync {sync}. The snapshot was not written ({error}); the next pass writes it."
)


@dataclass(frozen=True)
class CorrectionReport(Generic[Result]):
    """The result of a correction, and the counts of what it changed."""

    result: Result
    counts: tuple[CorrectionCount, ...]


@contextmanager
def hold_district(engine: Engine, district_id: str, *, warn: Callable[[str], None]) -> Iterator[DistrictLock]:
    """Hold the lock of a district, so that a decision falls between two syncs. Give the lock to the block.

    Args:
        warn: called with a sentence if a sync is running, before this call waits for its end. It may raise an error
            to give up.
    """
    waiting = operator.text(
        "A sync of district {district_id} is running. Waiting for it to end.", district_id=district_id
    )
    with district_lock(engine, district_id, on_wait=lambda: warn(waiting)) as lock:
        yield lock


def correct_district(
    settings: Settings,
    engine: Engine,
    district_id: str,
    change: Callable[[Connection, datetime], Result | None],
    *,
    now: Callable[[], datetime],
    warn: Callable[[str], None],
) -> CorrectionReport[Result] | None:
    """Make a correction to a district while holding its lock, then renew the snapshot.

    Args:
        change: writes the correction in the transaction that it gets. It returns None if there is nothing to do.
        warn: called with a sentence for each thing that a person should know.

    Returns:
        What the correction did, or None if there was nothing to do.

    Raises:
        CorrectionRefused: `change` refuses the correction.
        LockLost, ProductBusy, ProductUnusable: as `write_under_lock`. Nothing was written.
    """
    with hold_district(engine, district_id, warn=warn) as lock:
        at = now()

        def write(pg: Connection) -> CorrectionReport[Result] | None:
            result = change(pg, at)
            return None if result is None else CorrectionReport(result, count_correction(pg, result.sync_id))

        report = write_under_lock(engine, lock, write)
    if report is not None:
        renew_snapshot_after(settings, engine, report.result.sync_id, now=at, warn=warn)
    return report


def renew_snapshot_after(settings: Settings, engine: Engine, sync_id: int, *, now: datetime, warn: Warn) -> None:
    """Bring the snapshot up to date after a correction. If that fails, the correction stands and a sentence says so."""
    try:
        renew_snapshot(settings, engine, at=now, warn=warn)
    except (RosterError, duckdb.Error, OSError) as error:
        warn(operator.text(NOT_SAVED, sync=sync_id, error=type(error).__name__))
