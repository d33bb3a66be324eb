"""The record of syncs: begun, finished or failed, with counts; and the holds that wait for a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import takewhile
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.errors import DistrictUnknown, PlanStale, TierRefused
from roster_pipeline.model.feed import District
from roster_pipeline.model.plan import Plan
from roster_pipeline.model.scope import CANCELED, Scope
from roster_pipeline.product.connections import refusal_of
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.product.tables import organizations, syncs
from roster_pipeline.syncs.holds import record_holds
from roster_pipeline.syncs.request_answers import answer, give_back, take_up

KILLED = {"error": "killed"}
KILLED_MOST = 3


def begin_sync(pg: Connection, district_id: str, *, dagster_run_id: str, mode: str, trigger: str, at: datetime) -> int:
    """Open a sync for a connected district; returns its id. Call with the district's lock held.

    Whatever still says `running` for this district was killed: nobody else can hold the lock.

    Raises:
        DistrictUnknown, TierRefused: as `may_sync`.
    """
    organization_id = may_sync(pg, district_id, trigger)
    _fail_running(pg, syncs.c.organization_id == organization_id, at)
    sync_id = pg.execute(
        syncs.insert()
        .values(
            organization_id=organization_id,
            dagster_run_id=dagster_run_id,
            mode=mode,
            trigger=trigger,
            started_at=at,
        )
        .returning(syncs.c.id)
    ).scalar_one()
    take_up(pg, organization_id, sync_id, at)
    return int(sync_id)


def uid_of(pg: Connection, sync_id: int) -> str:
    """What tells a sync from every other one, those included whose numbers a restored database gives out again."""
    return str(pg.execute(sa.select(syncs.c.uid).where(syncs.c.id == sync_id)).scalar_one())


def may_sync(pg: Connection, district_id: str, trigger: str) -> int:
    """The organization of a district whose roster may be read now (docs/rules.md R3.2).

    Raises:
        DistrictUnknown: the district was never connected.
        TierRefused: its tier has no roster sync, or none in the night, or an operator has stopped it.
    """
    organization_of(pg, district_id)
    organization = find_organization(pg, district_id)
    if organization.tier == "sso_only":
        raise TierRefused(
            f"District {district_id} has tier sso_only, which has single sign-on but no roster sync. "
            f"Run: roster-pipeline connect {district_id} --tier secure_sync"
        )
    if organization.tier == "library" and trigger == "nightly":
        raise TierRefused(f"District {district_id} has tier library, which is synced on demand and never in the night.")
    if refusal := refusal_of(organization):
        raise TierRefused(refusal)
    return organization.id


def organization_of(pg: Connection, district_id: str) -> int:
    """The organization of a connected district.

    Raises:
        DistrictUnknown: the district was never connected.
    """
    found = pg.execute(sa.select(organizations.c.id).where(organizations.c.clever_district_id == district_id)).scalar()
    if found is None:
        raise DistrictUnknown(
            f"District {district_id} is not connected. Run: roster-pipeline connect {district_id} --tier secure_sync"
        )
    return int(found)


def close_unpublished(
    pg: Connection,
    dagster_run_id: str,
    at: datetime,
    *,
    why: Callable[[], str | None] = lambda: None,
    is_canceled: bool = False,
) -> None:
    """Close the sync of a run that ends without having published.

    Args:
        why: gives the failure in one line without a value of any row, if it is known; called only where there is such
            a sync. The line is kept with the sync and answers its requests.
        is_canceled: a person stopped it. That is no failure: the district does not wait for its next try.
    """
    running = sa.and_(syncs.c.dagster_run_id == dagster_run_id, syncs.c.state == "running")
    for sync_id in pg.execute(sa.select(syncs.c.id).where(running)).scalars().all():
        failure = None if is_canceled else why()
        state, error = ("canceled", "canceled") if is_canceled else ("failed", failure or "not published")
        said = CANCELED if is_canceled else f"Nothing changed. {failure or 'The sync did not reach its end.'}"
        _close(pg, syncs.c.id == sync_id, state=state, counts={"error": error}, at=at)
        answer(pg, sync_id, state, said, at)


def state_of(pg: Connection, dagster_run_id: str) -> str | None:
    """How the sync of a run stands; None where the run opened none."""
    own = sa.select(syncs.c.state).where(syncs.c.dagster_run_id == dagster_run_id)
    return pg.execute(own.order_by(syncs.c.id.desc()).limit(1)).scalar()


def finish_sync(
    pg: Connection,
    plan: Plan,
    district: District,
    *,
    summary: str,
    at: datetime,
    proof: Mapping[str, Any] | None = None,
    leaves: Mapping[str, Any] | None = None,
    answers: Mapping[Scope, str] | None = None,
    told: Mapping[str, Mapping[str, int]] | None = None,
    read_at: datetime | None = None,
) -> None:
    """Close a sync that published its plan, in the transaction that wrote it. A limit raised once is used up.

    Args:
        summary: what changed in the district, in words; it answers the requests that the sync took up.
        proof: how completely each list was read.
        leaves: what would leave if what is held were approved: names of schools and classes, counts of people.
        answers: the words for requests about one school or class (`scopes_asked`), in place of `summary`.
        told: what `summary` says, for machines; kept in `syncs.counts` beside it.
        read_at: what Clever had then is published now: when the lists began to be read, or when events were read to
            their end. Not given: when the sync began.

    Raises:
        PlanStale: the sync is not running any more; the caller's transaction must be left.
    """
    state = record_holds(pg, plan)
    counts = {
        "changes": plan.counts,
        "held": plan.held_counts,
        "removed": plan.removed,
        "leaves": leaves or {},
        "told": told or {},
        "summary": summary,
    }
    is_same = syncs.c.uid == plan.sync_uid if plan.sync_uid else sa.true()
    closed = pg.execute(
        syncs.update()
        .where(syncs.c.id == plan.sync_id, is_same, syncs.c.state == "running")
        .values(state=state, plan_digest=plan.digest, counts=counts, proof=_also(proof), finished_at=at)
        .returning(syncs.c.mode, syncs.c.started_at)
    ).one_or_none()
    if closed is None:
        raise PlanStale(
            f"Sync {plan.sync_id} is over: it was published already, or another one took its place. "
            "Nothing was written; run sync_roster again."
        )
    pg.execute(
        organizations.update()
        .where(organizations.c.id == plan.organization_id)
        .values(
            name=district.name or organizations.c.name,
            last_clever_sync_at=district.last_sync,
            last_published_at=at,
            last_read_at=read_at or closed.started_at,
            **({"last_full_read_at": read_at or closed.started_at} if closed.mode == "full" else {}),
            limits_once={},
        )
    )
    answer(pg, plan.sync_id, state, summary, at, by_scope=answers)


def _also(proof: Mapping[str, Any] | None) -> sa.ColumnElement[Any]:
    """What is known of how the district was read, with this too."""
    return sa.func.coalesce(syncs.c.proof, sa.cast({}, JSONB)).op("||")(sa.cast(proof or {}, JSONB))


def begin_correction(pg: Connection, organization_id: int, mode: str, at: datetime) -> int:
    """Open the record of what a person puts right by hand: `resolve` or `undo`; returns its sync id."""
    correction = syncs.insert().values(organization_id=organization_id, mode=mode, trigger="cli", started_at=at)
    return int(pg.execute(correction.returning(syncs.c.id)).scalar_one())


def finish_correction(pg: Connection, sync_id: int, counts: dict[str, Any], at: datetime) -> None:
    """Close it, in the transaction that wrote it."""
    _close(pg, syncs.c.id == sync_id, state="published", counts=counts, at=at)


def runs_of_running_syncs(pg: Connection) -> list[tuple[str, str]]:
    """The syncs that say they are running: Clever id of the district, and Dagster's run id."""
    running = (
        sa.select(organizations.c.clever_district_id, syncs.c.dagster_run_id)
        .join_from(syncs, organizations, syncs.c.organization_id == organizations.c.id)
        .where(syncs.c.state == "running", syncs.c.dagster_run_id.is_not(None))
    )
    return [(str(district_id), str(run_id)) for district_id, run_id in pg.execute(running)]


def fail_killed(pg: Connection, dagster_run_id: str, at: datetime) -> None:
    """Close the sync of a run that was killed; its requests wait again.

    After several in a row they are answered: something kills every sync of this district, and would for ever.
    """
    own = syncs.c.dagster_run_id == dagster_run_id
    _close(pg, sa.and_(own, syncs.c.state == "running"), state="failed", counts=KILLED, at=at)
    for sync_id, organization_id in pg.execute(sa.select(syncs.c.id, syncs.c.organization_id).where(own)).all():
        if _killed_in_a_row(pg, organization_id) >= KILLED_MOST:
            answer(pg, sync_id, "failed", f"Nothing changed: {KILLED_MOST} syncs in a row were killed.", at)
        give_back(pg, [sync_id])


def _killed_in_a_row(pg: Connection, organization_id: int) -> int:
    lately = sa.select(syncs.c.counts).where(syncs.c.organization_id == organization_id).order_by(syncs.c.id.desc())
    return sum(1 for _ in takewhile(KILLED.__eq__, pg.execute(lately.limit(KILLED_MOST)).scalars()))


def _fail_running(pg: Connection, which: sa.ColumnElement[bool], at: datetime) -> None:
    stale = sa.and_(which, syncs.c.state == "running")
    killed = pg.execute(sa.select(syncs.c.id).where(stale)).scalars().all()
    _close(pg, stale, state="failed", counts=KILLED, at=at)
    give_back(pg, killed)


def _close(pg: Connection, which: sa.ColumnElement[bool], *, state: str, counts: dict[str, Any], at: datetime) -> None:
    pg.execute(syncs.update().where(which).values(state=state, counts=counts, finished_at=at))
