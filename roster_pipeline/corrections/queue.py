"""The decisions that people file on the Clever page: about plans, reviews, updates and admins. A worker runs them.

The page files a row as its own database user, which may write no roster. The worker runs the row as the user of the
syncs, under the lock of the district, and closes it in the transaction that writes the correction. A worker that is
killed has changed nothing. Its row still runs while nobody holds the lock, so the next worker closes it as failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from roster_pipeline.corrections.different import mark_different
from roster_pipeline.corrections.flagged_login import flag_login
from roster_pipeline.corrections.library_merge import merge_own_account
from roster_pipeline.corrections.objection import open_objection
from roster_pipeline.corrections.ownership import require_own_row, require_own_update
from roster_pipeline.corrections.resolve import resolve_review
from roster_pipeline.corrections.resolve_reason import resolve_reason
from roster_pipeline.corrections.run import hold_district
from roster_pipeline.corrections.summary import count_correction
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.errors import (
    AdminRefused,
    CorrectionRefused,
    LockLost,
    PlanStale,
    RosterError,
    TierRefused,
    place_of,
)
from roster_pipeline.product.admins import grant_rights
from roster_pipeline.product.busy import write_under_lock
from roster_pipeline.product.database import DistrictLock, transaction
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.product.tables import corrections, holds, organizations, reviews, syncs
from roster_pipeline.syncs.holds import decide_plan, find_plan
from roster_pipeline.syncs.library_requests import file_library_request
from roster_pipeline.syncs.requests import file_request

CorrectionKind = Literal[
    "approve", "reject", "resolve", "resolve_reason", "undo", "add_admin", "object", "different", "merge", "flag"
]
MAX_SKIPPED = 50
"""The unchanged rows of an undo of which the result keeps the keys."""
columns = corrections.c
WITHOUT_PERSONAL = columns.args.op("-")("email").op("-")("clever_says")
"""The arguments of a closed row. What they say of a person is needed only until the row is closed."""
log = logging.getLogger(__name__)


class _DistrictBusy(RosterError):
    """A sync or another correction of the district is running. The row waits."""


@dataclass(frozen=True)
class QueuedCorrection:
    """A decision that was filed. `args` says what is decided, by its kind."""

    id: int
    organization_id: int
    district_id: str
    kind: CorrectionKind
    args: Mapping[str, Any]
    requested_by: str


@dataclass(frozen=True)
class _Written:
    """What a correction wrote: its sync, if it is one, and the facts for the sentence on the page."""

    sync_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


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

    The row of a login runs again, because its person would not file it again.
    """
    own = sa.and_(columns.organization_id == _organization_of(district_id), columns.state == "running")
    closed = {"state": "failed", "result": {"failure": "killed"}, "finished_at": at, "args": WITHOUT_PERSONAL}
    with transaction(engine) as pg:
        lock.check(pg)
        pg.execute(corrections.update().where(own, columns.kind == "flag").values(state="queued"))
        pg.execute(corrections.update().where(own).values(closed))


def _claim_next(engine: Engine, lock: DistrictLock, district_id: str, at: datetime) -> QueuedCorrection | None:
    """Claim the oldest waiting row of a district, whose lock the caller holds."""
    own = columns.organization_id == _organization_of(district_id)
    oldest = sa.select(sa.func.min(columns.id)).where(own, columns.state == "queued").scalar_subquery()
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

    def write(pg: Connection) -> _Written:
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


def _approve(pg: Connection, row: QueuedCorrection, at: datetime) -> _Written:
    """Approve a plan, and file the update that applies it."""
    digest, teacher = _find_own_plan(pg, row)
    decide_plan(pg, digest, "approved", decided_by=row.requested_by, at=at)
    if teacher is not None:
        return _Written(facts={"request": file_library_request(pg, teacher, at=at, is_press=False)})
    filed = file_request(
        pg,
        row.district_id,
        scope="district",
        scope_clever_id=None,
        requested_by=row.requested_by,
        account_id=row.args.get("account_id"),
    )
    return _Written(facts={"request": filed.id})


def _reject(pg: Connection, row: QueuedCorrection, at: datetime) -> _Written:
    digest, _ = _find_own_plan(pg, row)
    decide_plan(pg, digest, "rejected", decided_by=row.requested_by, at=at)
    return _Written()


def _find_own_plan(pg: Connection, row: QueuedCorrection) -> tuple[str, int | None]:
    """Return the digest of the plan, and its Library teacher or None for a district. Refuse a plan of others.

    The row names the plan as `find_plan` knows it. The whole digest is checked and decided, so both are of one plan.
    """
    digest = str(find_plan(pg, row.args["plan"]).plan_digest)
    is_plan = holds.c.plan_digest == digest
    require_own_row(pg, row.organization_id, holds, is_plan)
    sync_id = pg.execute(sa.select(sa.func.max(holds.c.sync_id)).where(is_plan)).scalar()
    return digest, require_own_update(pg, row.args.get("account_id"), sync_id)


def _resolve(pg: Connection, row: QueuedCorrection, at: datetime) -> _Written:
    require_own_row(pg, row.organization_id, reviews, reviews.c.id == row.args["review"])
    resolution = resolve_review(pg, row.args["review"], row.args["decision"], decided_by=row.requested_by, at=at)
    return _Written(resolution.sync_id, _counts(pg, resolution.sync_id))


def _resolve_reason(pg: Connection, row: QueuedCorrection, at: datetime) -> _Written:
    resolution = resolve_reason(
        pg,
        row.district_id,
        row.args["reason"],
        row.args["reviews"],
        row.args["decision"],
        decided_by=row.requested_by,
        at=at,
    )
    facts = {**_counts(pg, resolution.sync_id), "refused": sorted(resolution.refused)}
    return _Written(resolution.sync_id, facts)


def _undo(pg: Connection, row: QueuedCorrection, at: datetime) -> _Written:
    require_own_row(pg, row.organization_id, syncs, syncs.c.id == row.args["sync"])
    require_own_update(pg, row.args.get("account_id"), row.args["sync"])
    undone = undo_sync(pg, row.args["sync"], at, school=row.args.get("school"))
    if undone is None:
        return _Written(facts={"nothing_to_do": True})
    skipped = {"skipped": len(undone.skipped), "skipped_rows": undone.skipped[:MAX_SKIPPED]}
    return _Written(undone.sync_id, {**_counts(pg, undone.sync_id), **skipped})


def _add_admin(pg: Connection, row: QueuedCorrection, at: datetime) -> _Written:
    """Make an admin of the same district. The page has written the row of the audit trail."""
    organization = find_organization(pg, row.district_id)
    change = grant_rights(pg, organization, row.args["email"], row.args["schools"], by=row.requested_by, at=at)
    return _Written(
        facts={"account": change.account_id, "before": asdict(change.before), "after": asdict(change.after)}
    )


def _object(pg: Connection, row: QueuedCorrection, at: datetime) -> _Written:
    """Open the review of a person who says that the account is not theirs."""
    return _Written(open_objection(pg, row.organization_id, row.args["account_id"], at))


def _mark_different(pg: Connection, row: QueuedCorrection, at: datetime) -> _Written:
    """Record that a person of Clever and an account are two people."""
    person, account = row.args["person"], row.args["account"]
    return _Written(mark_different(pg, row.organization_id, person, account, decided_by=row.requested_by, at=at))


def _flag(pg: Connection, row: QueuedCorrection, at: datetime) -> _Written:
    """Open the review about a teacher who has logged in to an account of another name."""
    person, account, says = row.args["person"], row.args["account_id"], row.args["clever_says"]
    return _Written(flag_login(pg, row.organization_id, person, account, says, at))


def _merge(pg: Connection, row: QueuedCorrection, at: datetime) -> _Written:
    """Give a Library teacher the earlier account that the teacher has logged in to."""
    own = (row.organization_id, row.args["account_id"], row.args["review"])
    proven_id = row.args.get("proven_account")
    return _Written(merge_own_account(pg, *own, proven_id=proven_id, decided_by=row.requested_by, at=at))


def _counts(pg: Connection, sync_id: int) -> dict[str, Any]:
    return {"counts": [[row.subject, row.effect, row.rows] for row in count_correction(pg, sync_id)]}


HANDLERS: dict[CorrectionKind, Callable[[Connection, QueuedCorrection, datetime], _Written]] = {
    "approve": _approve,
    "reject": _reject,
    "resolve": _resolve,
    "resolve_reason": _resolve_reason,
    "undo": _undo,
    "add_admin": _add_admin,
    "object": _object,
    "different": _mark_different,
    "merge": _merge,
    "flag": _flag,
}
"""What the worker does, by the kind of the decision."""
