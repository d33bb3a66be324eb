"""The decisions that people file on the Clever page: about plans, reviews, updates and admins. A worker runs them.

The page files a row as its own database user, which may write no roster. The worker runs the row as the user of the
syncs, under the lock of the district, and closes it in the transaction that writes the correction. A worker that is
killed has changed nothing. Its row still runs while nobody holds the lock, so the next worker closes it as failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from roster_pipeline.corrections.handlers import HANDLERS, CorrectionKind, QueuedCorrection, Written
from roster_pipeline.corrections.run import hold_district
from roster_pipeline.errors import (
    AdminRefused,
    CorrectionRefused,
    LockLost,
    PlanStale,
    RosterError,
    TierRefused,
    place_of,
)
from roster_pipeline.product.busy import write_under_lock
from roster_pipeline.product.database import DistrictLock, transaction
from roster_pipeline.product.tables import corrections, organizations

columns = corrections.c
WITHOUT_PERSONAL = columns.args.op("-")("email").op("-")("clever_says")
"""The arguments of a closed row. What they say of a person is needed only until the row is closed."""
log = logging.getLogger(__name__)


class _DistrictBusy(RosterError):
    """A sync or another correction of the district is running. The row waits."""


def file_correction(
    pg: Connection, organization_id: int, kind: CorrectionKind, args: Mapping[str, Any], *, requested_by: str
) -> int:
    """File a decision for the worker, and return its number."""
    row = corrections.insert().values(
        organization_id=organization_id, kind=kind, args=dict(args), requested_by=requested_by
    )
    return int(pg.execute(row.returning(columns.id)).scalar_one())


def run_corrections(engine: Engine, now: Callable[[], datetime]) -> None:
    """Run the filed decisions of every district that is not busy, and close those of killed workers."""
    waiting = (
        sa.select(organizations.c.clever_district_id)
        .where(
            sa.exists().where(columns.organization_id == organizations.c.id, columns.state.in_(("queued", "running")))
        )
        .order_by(organizations.c.id)
    )
    with transaction(engine) as pg:
        district_ids = list(pg.execute(waiting).scalars())
    for district_id in district_ids:
        try:
            with hold_district(engine, district_id, warn=_give_up) as lock:
                _close_killed(engine, lock, district_id, now())
                while (row := _claim_next(engine, lock, district_id, now())) is not None:
                    _run(engine, lock, row, now)
        except (_DistrictBusy, LockLost):
            # The row of a worker that lost its lock still runs. The next worker closes it, as that of a killed worker.
            continue


def _give_up(sentence: str) -> None:
    raise _DistrictBusy(sentence)


def _close_killed(engine: Engine, lock: DistrictLock, district_id: str, at: datetime) -> None:
    """Close the rows that run although this worker holds the lock of their district. Their workers were killed.

    The row of a login runs once more, because its person would not file it again. A row that kills two workers is
    closed, so that the later rows of the district run.
    """
    is_running = sa.and_(columns.organization_id == _organization_of(district_id), columns.state == "running")
    is_retried = sa.and_(columns.kind == "flag", ~columns.result.has_key("failure"))
    retried = {"state": "queued", "result": {"failure": "killed"}}
    closed = {"state": "failed", "result": {"failure": "killed"}, "finished_at": at, "args": WITHOUT_PERSONAL}
    with transaction(engine) as pg:
        lock.check(pg)
        pg.execute(corrections.update().where(is_running, is_retried).values(retried))
        pg.execute(corrections.update().where(is_running).values(closed))


def _claim_next(engine: Engine, lock: DistrictLock, district_id: str, at: datetime) -> QueuedCorrection | None:
    """Claim the oldest waiting row of a district, whose lock the caller holds."""
    of_district = columns.organization_id == _organization_of(district_id)
    oldest = sa.select(sa.func.min(columns.id)).where(of_district, columns.state == "queued").scalar_subquery()
    claim = corrections.update().where(columns.id == oldest, columns.state == "queued")
    returned = (columns.id, columns.organization_id, columns.kind, columns.args, columns.requested_by)
    with transaction(engine) as pg:
        lock.check(pg)
        row = pg.execute(claim.values(state="running", started_at=at).returning(*returned)).one_or_none()
    if row is None:
        return None
    return QueuedCorrection(row.id, row.organization_id, district_id, row.kind, row.args, row.requested_by)


def _organization_of(district_id: str) -> sa.ScalarSelect[int]:
    return sa.select(organizations.c.id).where(organizations.c.clever_district_id == district_id).scalar_subquery()


def _run(engine: Engine, lock: DistrictLock, row: QueuedCorrection, now: Callable[[], datetime]) -> None:
    """Run one claimed row and close it. A failure is recorded with the row.

    Raises:
        LockLost: the lock of the district is gone, so another worker may have closed the row.
    """
    at = now()

    def write(pg: Connection) -> Written:
        written = HANDLERS[row.kind](pg, row, at)
        _close(pg, row.id, "done", written.facts, now(), sync_id=written.sync_id)
        return written

    try:
        write_under_lock(engine, lock, write)
    except LockLost:
        raise
    except Exception as error:  # noqa: BLE001 - no error of one decision may stop the next one
        failure = _failure_of(error)
        log.warning("Decision %s failed: %s at %s", row.id, type(error).__name__, place_of(error))
        with transaction(engine) as pg:
            _close(pg, row.id, "failed", {"failure": failure}, now(), summary=_summary_of(error))


def _failure_of(error: Exception) -> str:
    """Return the kind of a failure, for which the page has a sentence."""
    kinds = {PlanStale: "stale", TierRefused: "stopped", AdminRefused: "no_admin", CorrectionRefused: "refused"}
    return next((name for kind, name in kinds.items() if isinstance(error, kind)), "error")


def _summary_of(error: Exception) -> str:
    """Return a line for operators. The message of a library's error is left out, because it could quote a row."""
    return str(error) if isinstance(error, RosterError) else type(error).__name__


def _close(
    pg: Connection,
    correction_id: int,
    state: str,
    result: Mapping[str, Any],
    at: datetime,
    *,
    sync_id: int | None = None,
    summary: str | None = None,
) -> None:
    values = {
        "state": state,
        "result": dict(result),
        "finished_at": at,
        "sync_id": sync_id,
        "summary": summary,
        "args": WITHOUT_PERSONAL,
    }
    pg.execute(corrections.update().where(columns.id == correction_id).values(values))
