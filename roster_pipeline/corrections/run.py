"""Runs a correction of a district: holds the lock of the district, writes in one transaction, and renews the snapshot.

The commands and the worker of the Clever page call `correct_district`.
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
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import district_lock, transaction
from roster_pipeline.settings import Settings
from roster_pipeline.snapshot import renew_snapshot

Warn = Callable[[str], None]
Result = TypeVar("Result", Resolution, BulkResolution, UndoResult)
NOT_SAVED = operator.mark(
    "The correction is saved as sync {sync}. The snapshot was not written ({error}); the next pass writes it."
)


@dataclass(frozen=True)
class Done(Generic[Result]):
    """The result of a correction, and the counts of what it changed."""

    result: Result
    counts: tuple[CorrectionCount, ...]


@contextmanager
def hold_district(engine: Engine, district_id: str, *, warn: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a district, so that a decision falls between two syncs.

    Args:
        warn: called with a sentence if a sync is running, before this call waits for its end. It may raise an error
            to give up.
    """
    waiting = operator.text(
        "A sync of district {district_id} is running. Waiting for it to end.", district_id=district_id
    )
    with district_lock(engine, district_id, on_wait=lambda: warn(waiting)):
        yield


def correct_district(
    settings: Settings,
    engine: Engine,
    district_id: str,
    change: Callable[[Connection, datetime], Result | None],
    *,
    now: Callable[[], datetime],
    warn: Callable[[str], None],
) -> Done[Result] | None:
    """Make a correction to a district while holding its lock, then renew the snapshot.

    Args:
        change: writes the correction in the transaction that it gets. None means that there is nothing to do.
        warn: called with a sentence for each thing that a person should know.
    """
    with hold_district(engine, district_id, warn=warn):
        at = now()
        result = write_product(engine, lambda pg: change(pg, at))
        if result is None:
            return None
        with transaction(engine) as pg:
            counts = count_correction(pg, result.sync_id)
    renew_snapshot_after(settings, engine, result.sync_id, now=at, warn=warn)
    return Done(result, counts)


def renew_snapshot_after(settings: Settings, engine: Engine, sync_id: int, *, now: datetime, warn: Warn) -> None:
    """Bring the snapshot up to date after a correction. If that fails, the correction stands and a sentence says so."""
    try:
        renew_snapshot(settings, engine, at=now, warn=warn)
    except (RosterError, duckdb.Error, OSError) as error:
        warn(operator.text(NOT_SAVED, sync=sync_id, error=type(error).__name__))
