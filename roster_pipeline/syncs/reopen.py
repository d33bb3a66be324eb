"""Continues a failed or canceled sync in another run, for *Re-execute from failure* in Dagster."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import PlanStale
from roster_pipeline.messages import operator
from roster_pipeline.product.tables import syncs
from roster_pipeline.syncs.lifecycle import require_syncable

NO_SYNC = operator.mark("The run that this one repeats opened no sync that could be continued. {next_step}")
NOT_UNPUBLISHED = operator.mark("Sync {sync} of the run that this one repeats is already {state}. {next_step}")
NOT_LAST = operator.mark("Sync {sync} cannot be continued: sync {later} of the district came after it. {next_step}")
DATA_GONE = operator.mark("What sync {sync} had read and planned is no longer kept. {next_step}")
NEXT_STEP = operator.mark("Nothing was written. Run sync_roster for the district, which reads Clever again.")


def find_reopenable(pg: Connection, district_id: str, *, runs: Sequence[str], trigger: str) -> int:
    """Return the id of the sync that one of these runs left unpublished. Call with the district's lock held.

    Args:
        runs: the Dagster ids of the earlier runs that this run repeats.

    Raises:
        PlanStale: the earlier runs opened no sync, the sync was published, or a later sync or correction exists.
        DistrictUnknown, TierRefused: as `require_syncable`.
    """
    organization_id = require_syncable(pg, district_id, trigger)
    own = sa.and_(syncs.c.organization_id == organization_id, syncs.c.dagster_run_id.in_(runs))
    sync = pg.execute(sa.select(syncs.c.id, syncs.c.state).where(own).order_by(syncs.c.id.desc()).limit(1)).first()
    if sync is None:
        raise build_refusal(NO_SYNC)
    if sync.state not in ("failed", "canceled"):
        raise build_refusal(NOT_UNPUBLISHED, sync=sync.id, state=sync.state)
    of_district = sa.and_(syncs.c.organization_id == organization_id, syncs.c.id > sync.id)
    later = pg.execute(sa.select(sa.func.min(syncs.c.id)).where(of_district)).scalar()
    if later is not None:
        raise build_refusal(NOT_LAST, sync=sync.id, later=later)
    return int(sync.id)


def build_refusal(sentence: str, **values: object) -> PlanStale:
    """Return the refusal to continue a sync. It ends with the next step for the operator."""
    return PlanStale(operator.text(sentence, **values, next_step=operator.text(NEXT_STEP)))


def reopen_sync(pg: Connection, sync_id: int, *, dagster_run_id: str) -> None:
    """Mark an unpublished sync as running in another run. Requests filed since then wait for the next sync."""
    pg.execute(
        syncs.update()
        .where(syncs.c.id == sync_id)
        .values(state="running", dagster_run_id=dagster_run_id, counts={}, finished_at=None)
    )
