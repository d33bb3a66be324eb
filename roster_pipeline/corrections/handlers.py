"""Runs one filed decision by its kind: checks whose the rows are, and calls the function that makes the correction.

Each function `_<kind>` writes in the transaction that it gets. `queue` claims and closes the row of the decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.corrections.different import mark_different
from roster_pipeline.corrections.flagged_login import flag_login
from roster_pipeline.corrections.library_merge import merge_own_account
from roster_pipeline.corrections.objection import open_objection
from roster_pipeline.corrections.ownership import require_own_row, require_own_update
from roster_pipeline.corrections.resolve import resolve_review
from roster_pipeline.corrections.resolve_reason import resolve_reason
from roster_pipeline.corrections.summary import count_correction
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.product.admins import grant_rights
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.product.tables import holds, reviews, syncs
from roster_pipeline.syncs.holds import decide_plan, find_plan
from roster_pipeline.syncs.library_requests import file_library_request
from roster_pipeline.syncs.requests import file_request

CorrectionKind = Literal[
    "approve", "reject", "resolve", "resolve_reason", "undo", "add_admin", "object", "different", "merge", "flag"
]
MAX_SKIPPED = 50
"""The unchanged rows of an undo of which the result keeps the keys."""


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
class Written:
    """What a correction wrote: its sync, if it is one, and the facts for the sentence on the page."""

    sync_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def _approve(pg: Connection, row: QueuedCorrection, at: datetime) -> Written:
    """Approve a plan, and file the update that applies it."""
    digest, teacher = _find_own_plan(pg, row)
    decide_plan(pg, digest, "approved", decided_by=row.requested_by, at=at)
    if teacher is not None:
        return Written(facts={"request": file_library_request(pg, teacher, at=at, is_press=False)})
    filed = file_request(
        pg,
        row.district_id,
        scope="district",
        scope_clever_id=None,
        requested_by=row.requested_by,
        account_id=row.args.get("account_id"),
    )
    return Written(facts={"request": filed.id})


def _reject(pg: Connection, row: QueuedCorrection, at: datetime) -> Written:
    digest, _ = _find_own_plan(pg, row)
    decide_plan(pg, digest, "rejected", decided_by=row.requested_by, at=at)
    return Written()


def _find_own_plan(pg: Connection, row: QueuedCorrection) -> tuple[str, int | None]:
    """Return the digest of the plan, and its Library teacher or None for a district. Refuse a plan of others.

    The row names the plan as `find_plan` knows it. The whole digest is checked and decided, so both are of one plan.
    """
    digest = str(find_plan(pg, row.args["plan"]).plan_digest)
    is_plan = holds.c.plan_digest == digest
    require_own_row(pg, row.organization_id, holds, is_plan)
    sync_id = pg.execute(sa.select(sa.func.max(holds.c.sync_id)).where(is_plan)).scalar()
    return digest, require_own_update(pg, row.args.get("account_id"), sync_id)


def _resolve(pg: Connection, row: QueuedCorrection, at: datetime) -> Written:
    require_own_row(pg, row.organization_id, reviews, reviews.c.id == row.args["review"])
    resolution = resolve_review(pg, row.args["review"], row.args["decision"], decided_by=row.requested_by, at=at)
    return Written(resolution.sync_id, _counts(pg, resolution.sync_id))


def _resolve_reason(pg: Connection, row: QueuedCorrection, at: datetime) -> Written:
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
    return Written(resolution.sync_id, facts)


def _undo(pg: Connection, row: QueuedCorrection, at: datetime) -> Written:
    require_own_row(pg, row.organization_id, syncs, syncs.c.id == row.args["sync"])
    require_own_update(pg, row.args.get("account_id"), row.args["sync"])
    undone = undo_sync(pg, row.args["sync"], at, school=row.args.get("school"))
    if undone is None:
        return Written(facts={"nothing_to_do": True})
    skipped = {"skipped": len(undone.skipped), "skipped_rows": undone.skipped[:MAX_SKIPPED]}
    return Written(undone.sync_id, {**_counts(pg, undone.sync_id), **skipped})


def _add_admin(pg: Connection, row: QueuedCorrection, at: datetime) -> Written:
    """Make an admin of the same district. The page has written the row of the audit trail."""
    organization = find_organization(pg, row.district_id)
    change = grant_rights(pg, organization, row.args["email"], row.args["schools"], by=row.requested_by, at=at)
    return Written(facts={"account": change.account_id, "before": asdict(change.before), "after": asdict(change.after)})


def _object(pg: Connection, row: QueuedCorrection, at: datetime) -> Written:
    """Open the review of a person who says that the account is not theirs."""
    return Written(open_objection(pg, row.organization_id, row.args["account_id"], at))


def _mark_different(pg: Connection, row: QueuedCorrection, at: datetime) -> Written:
    """Record that a person of Clever and an account are two people."""
    person, account = row.args["person"], row.args["account"]
    return Written(mark_different(pg, row.organization_id, person, account, decided_by=row.requested_by, at=at))


def _flag(pg: Connection, row: QueuedCorrection, at: datetime) -> Written:
    """Open the review about a teacher who has logged in to an account of another name."""
    person, account, says = row.args["person"], row.args["account_id"], row.args["clever_says"]
    return Written(flag_login(pg, row.organization_id, person, account, says, at))


def _merge(pg: Connection, row: QueuedCorrection, at: datetime) -> Written:
    """Give a Library teacher the earlier account that the teacher has logged in to."""
    account_id, review_id, proven_id = row.args["account_id"], row.args["review"], row.args.get("proven_account")
    sync_id = merge_own_account(
        pg, row.organization_id, account_id, review_id, proven_id=proven_id, decided_by=row.requested_by, at=at
    )
    return Written(sync_id)


def _counts(pg: Connection, sync_id: int) -> dict[str, Any]:
    return {"counts": [[row.subject, row.effect, row.rows] for row in count_correction(pg, sync_id)]}


HANDLERS: dict[CorrectionKind, Callable[[Connection, QueuedCorrection, datetime], Written]] = {
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
