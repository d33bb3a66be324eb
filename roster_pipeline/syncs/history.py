"""What was published last: whether the next sync may build on it, or has to look at the whole district again."""

from __future__ import annotations

from statistics import median

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.model.sync_state import LastPublication
from roster_pipeline.product.tables import syncs

CORRECTIONS = ("resolve", "undo")
LATELY = 10


def last_published(pg: Connection, organization_id: int) -> LastPublication | None:
    """The last sync, or correction by a person, that changed what the organization has; None if there was none."""
    changed = sa.select(syncs.c.uid, syncs.c.mode, syncs.c.state, syncs.c.counts["held"].label("held")).where(
        syncs.c.organization_id == organization_id, syncs.c.state.in_(("published", "held", "undone"))
    )
    last = pg.execute(changed.order_by(syncs.c.id.desc()).limit(1)).one_or_none()
    if last is None:
        return None
    return LastPublication(str(last.uid), not last.held, last.mode in CORRECTIONS or last.state == "undone")


def record_mode(pg: Connection, sync_id: int, mode: str, reason: str, events: int | None = None) -> None:
    """Keep how a sync reads the district, why so, and how many events there were, if they could be read."""
    proof = {} if events is None else {"events": events}
    pg.execute(syncs.update().where(syncs.c.id == sync_id).values(mode=mode, mode_reason=reason, proof=proof))


def usual_events(pg: Connection, organization_id: int) -> float | None:
    """How many events a delta sync of this organization has, the median of the last ten; None if there were fewer."""
    events = sa.cast(syncs.c.proof["events"].astext, sa.BigInteger)
    lately = sa.select(events).where(
        syncs.c.organization_id == organization_id, syncs.c.mode == "delta", syncs.c.state.in_(("published", "held"))
    )
    counts = pg.execute(lately.order_by(syncs.c.id.desc()).limit(LATELY)).scalars().all()
    return median(counts) if len(counts) == LATELY else None
