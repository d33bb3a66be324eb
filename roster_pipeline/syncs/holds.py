"""Stores holds and the decisions about them, and reads the limits that apply to the next plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import CorrectionRefused, PlanStale
from roster_pipeline.messages import operator
from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.model.limits import Limits, ThresholdContext
from roster_pipeline.model.plan import FEED_INCOMPLETE, HeldPart, Plan
from roster_pipeline.product.tables import holds, organizations, syncs

CORRECTIONS = ("resolve", "undo")
WINDOW = timedelta(days=7)
"""The time over which removals count towards the threshold `window_removals`."""
PLAN_NAME_MIN_CHARS = 6
"""The least number of digits of a digest that name a plan."""

NO_PLAN = operator.mark("There is no plan {plan}. See roster-pipeline holds.")
SEVERAL_PLANS = operator.mark("Several plans begin with {plan}. Give more digits; see roster-pipeline holds.")
NOT_ON_HOLD = operator.mark("Plan {plan} {state}. See roster-pipeline holds.")
HOLD_STATES = {
    "open": operator.mark("was decided by someone else in the meantime"),
    "approved": operator.mark("was already approved"),
    "rejected": operator.mark("was already rejected"),
    "superseded": operator.mark("was replaced by the plan of a later sync"),
    "stale": operator.mark("has changed since it was approved"),
}
"""What became of a plan that is not on hold any more, by the state of its hold."""
INCOMPLETE_LIST = operator.mark(
    "Plan {plan} cannot be approved: a list in Clever is empty or has records without an ID, and an incomplete list "
    "does not prove that anything is gone. Correct the list in Clever; the next sync then decides about the rest."
)


def load_threshold_context(
    pg: Connection, organization_id: int, at: datetime, *, account_id: int | None = None
) -> ThresholdContext:
    """Return the limits of an organization, its removals within `WINDOW`, and the decisions about its held plans.

    Args:
        account_id: a Library teacher, whose own plans are meant. For a teacher no removals of the past count.
    """
    own = pg.execute(
        sa.select(organizations.c.limits, organizations.c.limits_once).where(organizations.c.id == organization_id)
    ).one()
    known = {limit.name for limit in fields(Limits)}
    limits = Limits(**{name: value for name, value in (own.limits | own.limits_once).items() if name in known})
    approved = sa.select(holds.c.plan_digest).where(
        _is_of(organization_id, account_id), holds.c.state == "approved", holds.c.applied_sync_id.is_(None)
    )
    removals = _count_recent_removals(pg, organization_id, at) if account_id is None else Counter[str]()
    rejected = _select_rejection(organization_id, account_id).with_only_columns(holds.c.plan_digest)
    return ThresholdContext(
        limits,
        tuple(sorted(removals.items())),
        frozenset(pg.execute(approved).scalars()),
        frozenset(pg.execute(rejected).scalars()),
    )


def is_rejected(pg: Connection, plan: Plan) -> bool:
    """Return whether a person rejected what the plan holds, and every sync since has held the same."""
    rejection = _select_rejection(plan.organization_id, plan.account_id)
    return pg.execute(rejection.where(holds.c.plan_digest == plan.held_digest).limit(1)).first() is not None


def _is_of(organization_id: int, account_id: int | None) -> sa.ColumnElement[bool]:
    """Return the condition that a hold is of a district, or of one Library teacher."""
    of_organization = holds.c.organization_id == organization_id
    if account_id is None:
        return of_organization
    return sa.and_(of_organization, holds.c.sync_id.in_(sa.select(syncs.c.id).where(syncs.c.account_id == account_id)))


def _select_rejection(organization_id: int, account_id: int | None) -> sa.Select[tuple[str | None, datetime | None]]:
    """Select who rejected the plan that the last sync held, and when.

    A rejection lasts as long as every sync holds the same plan. If the records are back in Clever and disappear again
    later, their removal needs a new decision (docs/rules.md R5.17).
    """
    newest = sa.select(sa.func.max(syncs.c.id)).where(
        syncs.c.organization_id == organization_id,
        syncs.c.account_id.is_not_distinct_from(account_id),
        syncs.c.state.in_(("published", "held", "undone")),
        syncs.c.mode.not_in(CORRECTIONS),
    )
    return (
        sa.select(holds.c.decided_by, holds.c.decided_at)
        .where(
            holds.c.organization_id == organization_id,
            holds.c.state == "rejected",
            holds.c.sync_id == newest.scalar_subquery(),
        )
        .order_by(holds.c.id.desc())
    )


def _count_recent_removals(pg: Connection, organization_id: int, now: datetime) -> Counter[str]:
    """Count the removals of the syncs within `WINDOW`, by part."""
    # A wrong clock can have dated a sync ahead or back. So the time of each sync is bounded by those of its neighbors:
    # it ended no earlier than the syncs before it, and no later than the syncs after it.
    known = sa.case((syncs.c.finished_at <= now + CLOCK_TOLERANCE, syncs.c.finished_at))
    no_later = sa.func.coalesce(known, sa.func.min(known).over(order_by=syncs.c.id.desc()), now)
    bounded = sa.select(syncs.c.id, syncs.c.state, syncs.c.counts, no_later.label("at")).where(
        syncs.c.organization_id == organization_id, syncs.c.finished_at.is_not(None)
    )
    ended = bounded.subquery()
    no_earlier = sa.func.max(ended.c.at).over(order_by=ended.c.id)
    counted = sa.select(ended.c.state, ended.c.counts, no_earlier.label("at")).subquery()
    counts = sa.select(counted.c.counts["removed"]).where(
        counted.c.state.in_(("published", "held")), counted.c.at > now - WINDOW, counted.c.counts.has_key("removed")
    )
    removed: Counter[str] = Counter()
    for parts in pg.execute(counts).scalars():
        removed.update(parts)
    return removed


def record_holds(pg: Connection, plan: Plan) -> str:
    """Store the held part of a published plan in place of the earlier holds. Return the state of its sync."""
    of_unit = _is_of(plan.organization_id, plan.account_id)
    pending = sa.and_(of_unit, holds.c.state == "approved", holds.c.applied_sync_id.is_(None))
    if plan.approved:
        pg.execute(
            holds.update().where(pending, holds.c.plan_digest == plan.approved).values(applied_sync_id=plan.sync_id)
        )
    pg.execute(holds.update().where(pending).values(state="stale"))
    pg.execute(holds.update().where(of_unit, holds.c.state == "open").values(state="superseded"))
    query = _select_rejection(plan.organization_id, plan.account_id).where(holds.c.plan_digest == plan.held_digest)
    rejection = pg.execute(query.limit(1)).one_or_none()
    decision = {"state": "rejected", **rejection._asdict()} if rejection else {}
    for held in plan.held:
        pg.execute(holds.insert().values(_build_row(plan, held) | decision))
    return "held" if plan.held and not rejection else "published"


def close_teacher_holds(pg: Connection, accounts: sa.Select[tuple[int]] | Sequence[int]) -> None:
    """Close the open holds of Library teachers who leave Clever Library, because nobody can decide them any more."""
    own = sa.select(syncs.c.id).where(syncs.c.trigger == "library", syncs.c.account_id.in_(accounts))
    pg.execute(holds.update().where(holds.c.sync_id.in_(own), holds.c.state == "open").values(state="superseded"))


def _build_row(plan: Plan, held: HeldPart) -> dict[str, Any]:
    """Return the row of `roster.holds` for one held part of a plan."""
    counts = {"part": held.part, "removals": held.removals, "of": held.of, "limit": held.limit}
    return {
        "sync_id": plan.sync_id,
        "organization_id": plan.organization_id,
        "plan_digest": plan.held_digest,
        "reason": held.reason,
        "counts": counts | {"units": list(held.units)},
    }


def find_plan(pg: Connection, name: str) -> sa.Row[Any]:
    """Return one hold of the plan that a person names. An open hold is preferred.

    Args:
        name: the number of a hold, or the first digits of the digest of a plan.

    Raises:
        CorrectionRefused: no plan has this name, or several plans begin with it.
    """
    by_digest = (
        holds.c.plan_digest.startswith(name, autoescape=True) if len(name) >= PLAN_NAME_MIN_CHARS else sa.false()
    )
    by_number = holds.c.id == int(name) if name.isdecimal() and len(name) < 18 else sa.false()
    rows = pg.execute(
        sa.select(holds, organizations.c.clever_district_id.label("district_id"))
        .join(organizations, organizations.c.id == holds.c.organization_id)
        .where(by_number | by_digest)
        .order_by(holds.c.id.desc())
    ).all()
    if len({(row.organization_id, row.plan_digest) for row in rows}) > 1:
        raise CorrectionRefused(operator.text(SEVERAL_PLANS, plan=name))
    if not rows:
        raise CorrectionRefused(operator.text(NO_PLAN, plan=name))
    return next((row for row in rows if row.state == "open"), rows[0])


def read_hold_state(pg: Connection, hold_id: int) -> str:
    """Return the state of a hold, such as `open` or `approved`."""
    return str(pg.execute(sa.select(holds.c.state).where(holds.c.id == hold_id)).scalar_one())


def decide_hold(pg: Connection, hold: sa.Row[Any], decision: str, *, decided_by: str, at: datetime) -> None:
    """Approve or reject the whole plan of a hold. Call with the district's lock held.

    The decision can be changed until a sync has applied the plan.

    Args:
        decision: `approved` or `rejected`.

    Raises:
        CorrectionRefused: the plan cannot be approved, because a list is incomplete.
        PlanStale: the plan is not on hold any more. A later sync superseded or applied it, or the same decision was
            made before.
    """
    if decision == "approved":
        _refuse_incomplete_list(pg, hold)
    other = sa.and_(holds.c.state.in_({"approved", "rejected"} - {decision}), holds.c.applied_sync_id.is_(None))
    decided = pg.execute(
        holds.update()
        .where(
            holds.c.organization_id == hold.organization_id,
            holds.c.plan_digest == hold.plan_digest,
            (holds.c.state == "open") | other,
        )
        .values(state=decision, decided_by=decided_by, decided_at=at)
    )
    if not decided.rowcount:
        plan, state = hold.plan_digest[:12], operator.text(HOLD_STATES[hold.state])
        raise PlanStale(operator.text(NOT_ON_HOLD, plan=plan, state=state))


def decide_plan(
    pg: Connection, name: str, decision: Literal["approved", "rejected"], *, decided_by: str, at: datetime
) -> sa.Row[Any]:
    """Approve or reject the plan of this name, as the last sync left it. Return the hold. Call with the lock held.

    Raises:
        CorrectionRefused, PlanStale: as `find_plan` and `decide_hold`.
    """
    hold = find_plan(pg, name)
    decide_hold(pg, hold, decision, decided_by=decided_by, at=at)
    return hold


def _refuse_incomplete_list(pg: Connection, hold: sa.Row[Any]) -> None:
    """Refuse to approve removals that are held because a list is incomplete (docs/rules.md R5.4)."""
    of_plan = sa.and_(holds.c.organization_id == hold.organization_id, holds.c.plan_digest == hold.plan_digest)
    newest = sa.select(sa.func.max(holds.c.sync_id)).where(of_plan).scalar_subquery()
    incomplete = sa.select(holds.c.id).where(of_plan, holds.c.sync_id == newest, holds.c.reason == FEED_INCOMPLETE)
    if pg.execute(incomplete.limit(1)).first():
        raise CorrectionRefused(operator.text(INCOMPLETE_LIST, plan=hold.plan_digest[:12]))
