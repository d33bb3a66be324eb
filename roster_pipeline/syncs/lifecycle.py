"""Begins syncs in `roster.syncs`, closes them as published, failed or canceled, and records corrections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.errors import DistrictUnknown, PlanStale, TierRefused
from roster_pipeline.messages import operator, product
from roster_pipeline.model.feed import District
from roster_pipeline.model.plan import Plan
from roster_pipeline.model.scope import Scope
from roster_pipeline.product.connections import describe_stop
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.product.tables import organizations, syncs
from roster_pipeline.syncs.holds import record_holds
from roster_pipeline.syncs.request_answers import CANCELED, answer_requests, claim_requests, requeue_requests
from roster_pipeline.syncs.requests import IS_LIBRARY

KILLED_COUNTS = {"error": "killed"}
"""`counts` of a sync whose process was killed."""
MAX_KILLED_SYNCS = 3
"""Killed syncs of a district in a row, after which its requests are answered as failed."""
words = product()
NOT_FINISHED = product.mark("The sync did not reach its end.")


def begin_sync(
    pg: Connection,
    district_id: str,
    *,
    dagster_run_id: str,
    mode: str,
    trigger: str,
    at: datetime,
    account_id: int | None = None,
) -> int:
    """Open a sync of a connected district and return its id. Call with the district's lock held.

    The sync claims the district's queued requests.

    Args:
        account_id: the Library teacher whose classes the sync is about. Then lock and requests are the teacher's.

    Raises:
        DistrictUnknown, TierRefused: as `require_syncable`.
    """
    organization_id = require_syncable(pg, district_id, trigger)
    # The caller holds the district's lock, so a sync that is still marked as running was killed.
    of_unit = syncs.c.account_id.is_not_distinct_from(account_id)
    _fail_running(pg, sa.and_(syncs.c.organization_id == organization_id, of_unit), at)
    sync_id = pg.execute(
        syncs.insert()
        .values(
            organization_id=organization_id,
            dagster_run_id=dagster_run_id,
            mode=mode,
            trigger=trigger,
            started_at=at,
            account_id=account_id,
        )
        .returning(syncs.c.id)
    ).scalar_one()
    claim_requests(pg, organization_id, sync_id, at, account_id=account_id)
    return int(sync_id)


def read_sync_uid(pg: Connection, sync_id: int) -> str:
    """Return the unique id of a sync.

    It differs even between two syncs of the same number, of which a restored backup has forgotten the first.
    """
    return str(pg.execute(sa.select(syncs.c.uid).where(syncs.c.id == sync_id)).scalar_one())


def require_syncable(pg: Connection, district_id: str, trigger: str) -> int:
    """Return the organization id of a district whose roster may be read now (docs/rules.md R3.2).

    Raises:
        DistrictUnknown: the district was never connected.
        TierRefused: the tier has no roster sync, or no nightly one, or an operator has paused or disconnected the
            district.
    """
    find_organization_id(pg, district_id)
    organization = find_organization(pg, district_id)
    if organization.tier == "sso_only":
        raise TierRefused(
            operator.text(
                "District {district_id} has tier sso_only, which has single sign-on but no roster sync. "
                "Run: roster-pipeline connect {district_id} --tier secure_sync",
                district_id=district_id,
            )
        )
    if organization.tier == "library" and trigger != "library":
        raise TierRefused(operator.text(IS_LIBRARY))
    if refusal := describe_stop(organization):
        raise TierRefused(refusal)
    return organization.id


def find_organization_id(pg: Connection, district_id: str) -> int:
    """Return the organization id of a connected district.

    Raises:
        DistrictUnknown: the district was never connected.
    """
    own = sa.select(organizations.c.id).where(organizations.c.clever_district_id == district_id)
    organization_id = pg.execute(own).scalar()
    if organization_id is None:
        raise DistrictUnknown(
            operator.text(
                "District {district_id} is not connected. "
                "Run: roster-pipeline connect {district_id} --tier secure_sync",
                district_id=district_id,
            )
        )
    return int(organization_id)


def close_unpublished(
    pg: Connection,
    dagster_run_id: str,
    at: datetime,
    *,
    why: Callable[[], str | None] = lambda: None,
    is_canceled: bool = False,
) -> None:
    """Close the running sync of a run that ends without having published.

    Args:
        why: returns the failure in one line without a value of any row, or None if it is unknown. It is called only
            if the run has a running sync. The line is stored with the sync and answers its requests.
        is_canceled: a person stopped the sync. A canceled sync does not delay the district's next try.
    """
    running = sa.and_(syncs.c.dagster_run_id == dagster_run_id, syncs.c.state == "running")
    for sync_id in pg.execute(sa.select(syncs.c.id).where(running)).scalars().all():
        failure = None if is_canceled else why()
        state, error = ("canceled", "canceled") if is_canceled else ("failed", failure or "not published")
        cause = failure or words.text(NOT_FINISHED)
        summary = words.text(CANCELED) if is_canceled else words.text("Nothing changed. {cause}", cause=cause)
        _close(pg, syncs.c.id == sync_id, state=state, counts={"error": error}, at=at)
        answer_requests(pg, sync_id, state, summary, at)


def read_sync_state(pg: Connection, dagster_run_id: str) -> str | None:
    """Return the state of the sync that a Dagster run opened, or None if it opened none."""
    own = sa.select(syncs.c.state).where(syncs.c.dagster_run_id == dagster_run_id)
    return pg.execute(own.order_by(syncs.c.id.desc()).limit(1)).scalar()


@dataclass(frozen=True)
class SyncReport:
    """What a sync keeps about the plan that it published.

    Attributes:
        summary: the change summary of the district in words. It answers the requests that the sync claimed.
        answers: the words for requests about one school or class, by scope. They take the place of `summary`.
        change_summary: the same counts for machines.
        impact: what the held part of the plan would remove: names of schools and classes, and counts of people.
        load_audit: how completely each list was read.
    """

    summary: str
    answers: Mapping[Scope, str] = field(default_factory=dict)
    change_summary: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    impact: Mapping[str, Any] = field(default_factory=dict)
    load_audit: Mapping[str, Any] = field(default_factory=dict)


def finish_sync(
    pg: Connection, plan: Plan, district: District, report: SyncReport, *, at: datetime, read_at: datetime | None = None
) -> None:
    """Close a sync that published its plan. Call in the transaction that wrote the plan.

    Args:
        read_at: the time at which Clever had what is published now: the beginning of the lists, or the end of the
            events. The default is the start of the sync.

    Raises:
        PlanStale: the sync is not running any more. The caller must roll back its transaction.
    """
    state = record_holds(pg, plan)
    sync = _close_published(pg, plan, state, report, at)
    if plan.account_id is None:
        _record_publication(pg, plan, district, sync.mode, published_at=at, read_at=read_at or sync.started_at)
    answer_requests(pg, plan.sync_id, state, report.summary, at, by_scope=report.answers)


def _close_published(pg: Connection, plan: Plan, state: str, report: SyncReport, at: datetime) -> sa.Row[Any]:
    """Close the sync of a plan if it is still running. Return its mode and its start."""
    is_same = syncs.c.uid == plan.sync_uid if plan.sync_uid else sa.true()
    counts = _build_counts(plan, report)
    # The events were counted into `proof` before. The load audit is added to them.
    proof = sa.func.coalesce(syncs.c.proof, sa.cast({}, JSONB)).op("||")(sa.cast(report.load_audit, JSONB))
    sync = pg.execute(
        syncs.update()
        .where(syncs.c.id == plan.sync_id, is_same, syncs.c.state == "running")
        .values(state=state, plan_digest=plan.digest, counts=counts, proof=proof, finished_at=at)
        .returning(syncs.c.mode, syncs.c.started_at)
    ).one_or_none()
    if sync is None:
        raise PlanStale(
            operator.text(
                "Sync {sync} is over: it was published already, or another one took its place. "
                "Nothing was written. Run sync_roster again.",
                sync=plan.sync_id,
            )
        )
    return sync


def _build_counts(plan: Plan, report: SyncReport) -> dict[str, Any]:
    """Build `syncs.counts`. Its keys are a contract with the readers of stored syncs."""
    return {
        "changes": plan.counts,
        "held": plan.held_counts,
        "removed": plan.removed,
        "leaves": report.impact,
        "told": report.change_summary,
        "summary": report.summary,
        **({"only_adds": True} if plan.only_adds else {}),
    }


def _record_publication(
    pg: Connection, plan: Plan, district: District, mode: str, *, published_at: datetime, read_at: datetime
) -> None:
    """Store the freshness of the organization, and reset the limits that were raised for one sync."""
    full_read = {"last_full_read_at": read_at} if mode == "full" else {}
    pg.execute(
        organizations.update()
        .where(organizations.c.id == plan.organization_id)
        .values(
            name=district.name or organizations.c.name,
            last_clever_sync_at=district.last_sync,
            last_published_at=published_at,
            last_read_at=read_at,
            limits_once={},
            **full_read,
        )
    )


def list_running_runs(pg: Connection) -> list[tuple[str, str]]:
    """Return the Clever district id and the Dagster run id of every sync that is marked as running.

    The updates of Library teachers are no runs of Dagster.
    """
    running = (
        sa.select(organizations.c.clever_district_id, syncs.c.dagster_run_id)
        .join_from(syncs, organizations, syncs.c.organization_id == organizations.c.id)
        .where(syncs.c.state == "running", syncs.c.dagster_run_id.is_not(None), syncs.c.account_id.is_(None))
    )
    return [(str(district_id), str(run_id)) for district_id, run_id in pg.execute(running)]


def fail_killed(pg: Connection, dagster_run_id: str, at: datetime) -> None:
    """Close the sync of a run that was killed, and put its requests back into the queue.

    After `MAX_KILLED_SYNCS` in a row the requests are answered as failed instead, so that they do not start syncs
    without end.
    """
    own = syncs.c.dagster_run_id == dagster_run_id
    _close(pg, sa.and_(own, syncs.c.state == "running"), state="failed", counts=KILLED_COUNTS, at=at)
    units = sa.select(syncs.c.id, syncs.c.organization_id, syncs.c.account_id).where(own)
    for sync_id, organization_id, account_id in pg.execute(units).all():
        if _count_killed_in_a_row(pg, organization_id, account_id) >= MAX_KILLED_SYNCS:
            answer = words.text("Nothing changed: {n:,} syncs in a row were killed.", n=MAX_KILLED_SYNCS)
            answer_requests(pg, sync_id, "failed", answer, at)
        requeue_requests(pg, [sync_id])


def _count_killed_in_a_row(pg: Connection, organization_id: int, account_id: int | None) -> int:
    """Return how many of the last syncs of a district or of a Library teacher were killed, with no other between them.

    Args:
        account_id: the Library teacher. None: the syncs of the district.
    """
    own = sa.and_(syncs.c.organization_id == organization_id, syncs.c.account_id.is_not_distinct_from(account_id))
    newest = sa.select(syncs.c.counts).where(own).order_by(syncs.c.id.desc())
    return sum(1 for _ in takewhile(KILLED_COUNTS.__eq__, pg.execute(newest.limit(MAX_KILLED_SYNCS)).scalars()))


def _fail_running(pg: Connection, which: sa.ColumnElement[bool], at: datetime) -> None:
    """Close running syncs as killed, and put their requests back into the queue."""
    running = sa.and_(which, syncs.c.state == "running")
    sync_ids = pg.execute(sa.select(syncs.c.id).where(running)).scalars().all()
    _close(pg, running, state="failed", counts=KILLED_COUNTS, at=at)
    requeue_requests(pg, sync_ids)


def _close(pg: Connection, which: sa.ColumnElement[bool], *, state: str, counts: dict[str, Any], at: datetime) -> None:
    pg.execute(syncs.update().where(which).values(state=state, counts=counts, finished_at=at))
