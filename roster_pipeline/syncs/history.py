"""Reads what decides between a full and a delta sync: the last publication and the usual number of events."""

from __future__ import annotations

from statistics import median

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.model.sync_state import LastPublication
from roster_pipeline.product.tables import syncs

CORRECTIONS = ("resolve", "undo")
USUAL_SYNCS = 10
"""The number of the last delta syncs of which the usual number of events is the median."""


def find_last_publication(pg: Connection, organization_id: int) -> LastPublication | None:
    """Return the last sync or correction that changed the organization, or None if there was none."""
    changed = sa.select(syncs.c.uid, syncs.c.mode, syncs.c.state, syncs.c.counts["held"].label("held")).where(
        syncs.c.organization_id == organization_id, syncs.c.state.in_(("published", "held", "undone"))
    )
    last = pg.execute(changed.order_by(syncs.c.id.desc()).limit(1)).one_or_none()
    if last is None:
        return None
    return LastPublication(str(last.uid), not last.held, last.mode in CORRECTIONS or last.state == "undone")


def record_mode(pg: Connection, sync_id: int, mode: str, reason: str, events: int | None = None) -> None:
    """Store the mode of a sync, the reason for the mode, and the number of events.

    Args:
        events: the number of events, or None if the events could not be read.
    """
    proof = {} if events is None else {"events": events}
    pg.execute(syncs.update().where(syncs.c.id == sync_id).values(mode=mode, mode_reason=reason, proof=proof))


def count_usual_events(pg: Connection, organization_id: int) -> float | None:
    """Return the median number of events of the last delta syncs, or None after fewer than `USUAL_SYNCS` of them."""
    events = sa.cast(syncs.c.proof["events"].astext, sa.BigInteger)
    newest = sa.select(events).where(
        syncs.c.organization_id == organization_id, syncs.c.mode == "delta", syncs.c.state.in_(("published", "held"))
    )
    counts = pg.execute(newest.order_by(syncs.c.id.desc()).limit(USUAL_SYNCS)).scalars().all()
    return median(counts) if len(counts) == USUAL_SYNCS else None
