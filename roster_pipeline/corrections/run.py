"""Runs a correction of a district: holds the lock of the district, writes in one transaction, and renews the snapshot.

The commands and the worker of the Clever page call `correct_district`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import duckdb
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from roster_pipeline.corrections.resolve import BulkResolution, Resolution
from roster_pipeline.corrections.summary import CorrectionCount, count_correction
from roster_pipeline.corrections.undo import UndoResult
from roster_pipeline.errors import RosterError
from roster_pipeline.messages import operator
from roster_pipeline.model.text import LINE_MAX_CHARS, make_label
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import district_lock, transaction
from roster_pipeline.product.organizations import record_snapshot
from roster_pipeline.product.tables import organizations, syncs
from roster_pipeline.settings import Settings
from roster_pipeline.snapshot import write_snapshot

Result = TypeVar("Result", Resolution, BulkResolution, UndoResult)
NOT_SAVED = operator.mark(
    "The correction is saved as sync {sync}. The snapshot was not written ({error}); the next sync writes it."
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
        renew_snapshots(settings, engine, district_id, result.sync_id, at, warn=warn)
        with transaction(engine) as pg:
            return Done(result, count_correction(pg, result.sync_id))


def renew_snapshots(
    settings: Settings, engine: Engine, district_id: str, sync_id: int, at: datetime, *, warn: Callable[[str], None]
) -> None:
    """Write the organizations that a correction has touched to the analysts' database. The caller holds the lock."""
    with transaction(engine) as pg:
        touched = _organizations_of(pg, sync_id)
    for organization in touched:
        is_other = organization.clever_district_id != district_id
        _renew_snapshot(settings, engine, organization, sync_id, at, is_other=is_other, warn=warn)


def _organizations_of(pg: Connection, sync_id: int) -> list[sa.Row[tuple[int, str]]]:
    """Return the districts that a correction wrote: its own, and those that an account moved from or back to."""
    own = pg.execute(sa.select(syncs.c.organization_id, syncs.c.counts).where(syncs.c.id == sync_id)).one()
    touched = [own.organization_id, *own.counts.get("from_organizations", [])]
    columns = sa.select(organizations.c.id, organizations.c.clever_district_id)
    districts = columns.where(organizations.c.id.in_(touched), organizations.c.tier != "library")
    return list(pg.execute(districts.order_by(organizations.c.id)))


def _renew_snapshot(
    settings: Settings,
    engine: Engine,
    district: sa.Row[tuple[int, str]],
    sync_id: int,
    at: datetime,
    *,
    is_other: bool,
    warn: Callable[[str], None],
) -> None:
    """Write the analysts' database. If that fails, the correction stands and the product records the failure.

    Args:
        is_other: the correction is of another district, so the syncs of this one do not show what it wrote.
    """
    failure: str | None = None
    try:
        with transaction(engine, one_view=True) as pg:
            write_snapshot(
                pg,
                settings.snapshots_folder,
                district_id=district.clever_district_id,
                organization_id=district.id,
                sync_id=sync_id,
                at=at,
                warn=warn,
                is_whole=is_other,
            )
    except (RosterError, duckdb.Error, OSError) as error:
        failure = make_label(str(error), LINE_MAX_CHARS) if isinstance(error, RosterError) else type(error).__name__
        warn(operator.text(NOT_SAVED, sync=sync_id, error=type(error).__name__))
    with suppress(RosterError), transaction(engine) as pg:
        record_snapshot(pg, district.id, at, failure=failure)
