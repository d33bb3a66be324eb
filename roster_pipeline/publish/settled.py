"""What was published last: whether the next sync may build on it, or has to look at the whole district again."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.model.bookmark import Published
from roster_pipeline.product.tables import syncs

CORRECTIONS = ("resolve", "undo")


def last_published(pg: Connection, organization_id: int) -> Published | None:
    """The last sync, or correction by a person, that changed what the organization has; None if there was none."""
    changed = sa.select(syncs.c.id, syncs.c.mode, syncs.c.state, syncs.c.counts["held"].label("held")).where(
        syncs.c.organization_id == organization_id, syncs.c.state.in_(("published", "held", "undone"))
    )
    last = pg.execute(changed.order_by(syncs.c.id.desc()).limit(1)).one_or_none()
    if last is None:
        return None
    return Published(last.id, not last.held, last.mode in CORRECTIONS or last.state == "undone")


def record_mode(pg: Connection, sync_id: int, mode: str, reason: str) -> None:
    """Keep how a sync reads the district, and why so."""
    pg.execute(syncs.update().where(syncs.c.id == sync_id).values(mode=mode, mode_reason=reason))
