"""Plans that wait for a person: kept with each sync, decided by people, applied by a sync that finds them unmoved."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import CorrectionRefused, PlanStale
from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.model.limits import Limits, ThresholdContext
from roster_pipeline.model.plan import FEED_INCOMPLETE, HeldPart, Plan
from roster_pipeline.product.tables import holds, organizations, syncs

CORRECTIONS = ("resolve", "undo")
WINDOW = timedelta(days=7)
SHORTEST = 6
"""Digits of a digest that name a plan."""


def standing_of(pg: Connection, organization_id: int, at: datetime) -> ThresholdContext:
    """The organization's limits, what was removed lately, and what people decided about held plans."""
    own = pg.execute(
        sa.select(organizations.c.limits, organizations.c.limits_once).where(organizations.c.id == organization_id)
    ).one()
    known = {one.name for one in fields(Limits)}
    limits = Limits(**{name: value for name, value in (own.limits | own.limits_once).items() if name in known})
    approved = sa.select(holds.c.plan_digest).where(
        holds.c.organization_id == organization_id, holds.c.state == "approved", holds.c.applied_sync_id.is_(None)
    )
    return ThresholdContext(
        limits,
        tuple(sorted(_removed_lately(pg, organization_id, at).items())),
        frozenset(pg.execute(approved).scalars()),
        frozenset(pg.execute(_rejected(organization_id).with_only_columns(holds.c.plan_digest)).scalars()),
    )


def is_rejected(pg: Connection, organization_id: int, digest: str) -> bool:
    """Whether a person rejected what has this digest, and every sync since has found the same."""
    return pg.execute(_rejected(organization_id).where(holds.c.plan_digest == digest).limit(1)).first() is not None


def _rejected(organization_id: int) -> sa.Select[tuple[str | None, datetime | None]]:
    """Who rejected what the last sync held, and when.

    A rejection lasts as long as every sync finds the same. If what was rejected is back in Clever and leaves again
    later, that is a new question (R5.17).
    """
    newest = sa.select(sa.func.max(syncs.c.id)).where(
        syncs.c.organization_id == organization_id,
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


def _removed_lately(pg: Connection, organization_id: int, now: datetime) -> Counter[str]:
    """What syncs have removed within `WINDOW`, by part.

    A sync ended no earlier than those before it and no later than those after it. So one that a wrong clock dated ahead
    leaves the window with the next ones, and one that was dated back takes nothing out of it.
    """
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
    for found in pg.execute(counts).scalars():
        removed.update(found)
    return removed


def record_holds(pg: Connection, plan: Plan) -> str:
    """Keep what waits of a plan that was published, instead of what waited before; returns the sync's state."""
    of_organization = holds.c.organization_id == plan.organization_id
    pending = sa.and_(of_organization, holds.c.state == "approved", holds.c.applied_sync_id.is_(None))
    if plan.approved:
        pg.execute(
            holds.update().where(pending, holds.c.plan_digest == plan.approved).values(applied_sync_id=plan.sync_id)
        )
    pg.execute(holds.update().where(pending).values(state="stale"))
    pg.execute(holds.update().where(of_organization, holds.c.state == "open").values(state="superseded"))
    refused = _rejected(plan.organization_id).where(holds.c.plan_digest == plan.held_digest)
    rejection = pg.execute(refused.limit(1)).one_or_none()
    decision = {"state": "rejected", **rejection._asdict()} if rejection else {}
    for held in plan.held:
        pg.execute(holds.insert().values(_hold(plan, held) | decision))
    return "held" if plan.held and not rejection else "published"


def _hold(plan: Plan, held: HeldPart) -> dict[str, Any]:
    counts = {"part": held.part, "removals": held.removals, "of": held.of, "limit": held.limit}
    return {
        "sync_id": plan.sync_id,
        "organization_id": plan.organization_id,
        "plan_digest": plan.held_digest,
        "reason": held.reason,
        "counts": counts | {"units": list(held.units)},
    }


def find_plan(pg: Connection, name: str) -> sa.Row[Any]:
    """One hold of the plan that a person names, by the number of a hold or the first digits of its digest.

    Raises:
        CorrectionRefused: there is none, or several begin so.
    """
    by_digest = holds.c.plan_digest.startswith(name, autoescape=True) if len(name) >= SHORTEST else sa.false()
    by_number = holds.c.id == int(name) if name.isdecimal() and len(name) < 18 else sa.false()
    rows = pg.execute(
        sa.select(holds, organizations.c.clever_district_id.label("district_id"))
        .join(organizations, organizations.c.id == holds.c.organization_id)
        .where(by_number | by_digest)
        .order_by(holds.c.id.desc())
    ).all()
    if len({(row.organization_id, row.plan_digest) for row in rows}) > 1:
        raise CorrectionRefused(f"Several plans begin with {name}. Give more digits; see roster-pipeline holds.")
    if not rows:
        raise CorrectionRefused(f"There is no plan {name}. See roster-pipeline holds.")
    return next((row for row in rows if row.state == "open"), rows[0])


def hold_state(pg: Connection, hold_id: int) -> str:
    return str(pg.execute(sa.select(holds.c.state).where(holds.c.id == hold_id)).scalar_one())


def decide_hold(pg: Connection, hold: sa.Row[Any], decision: str, *, decided_by: str, at: datetime) -> None:
    """Mark the whole plan that `hold` is of as `approved` or `rejected`. Call with the district's lock held.

    Until a sync has applied it, the other decision can be made too.

    Raises:
        CorrectionRefused: it cannot be approved, because its feed proves nothing.
        PlanStale: it waits no longer: a later sync superseded or applied it, or that was decided already.
    """
    if decision == "approved":
        _refuse_without_proof(pg, hold)
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
        raise PlanStale(
            f"Plan {hold.plan_digest[:12]} does not wait any more: it is {hold.state}. See roster-pipeline holds."
        )


def _refuse_without_proof(pg: Connection, hold: sa.Row[Any]) -> None:
    """What is held for want of proof no person can let go (docs/rules.md R5.4)."""
    of_plan = sa.and_(holds.c.organization_id == hold.organization_id, holds.c.plan_digest == hold.plan_digest)
    newest = sa.select(sa.func.max(holds.c.sync_id)).where(of_plan).scalar_subquery()
    unproven = sa.select(holds.c.id).where(of_plan, holds.c.sync_id == newest, holds.c.reason == FEED_INCOMPLETE)
    if pg.execute(unproven.limit(1)).first():
        raise CorrectionRefused(
            f"Plan {hold.plan_digest[:12]} cannot be approved: a list in Clever is empty or has records without id, "
            "and without proof nothing is removed. Put it right in Clever; the next sync asks about what is left."
        )
