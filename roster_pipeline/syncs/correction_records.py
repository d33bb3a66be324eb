"""Opens and closes the records of corrections in `roster.syncs`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from roster_pipeline.product.tables import syncs


def begin_correction(
    pg: Connection, organization_id: int, mode: str, at: datetime, *, account_id: int | None = None
) -> int:
    """Open the record of a correction and return its sync id.

    Args:
        mode: `resolve` or `undo`.
        account_id: the Library teacher whose update is undone.
    """
    values = {"organization_id": organization_id, "mode": mode, "trigger": "cli", "account_id": account_id}
    correction = syncs.insert().values(started_at=at, **values)
    return int(pg.execute(correction.returning(syncs.c.id)).scalar_one())


def finish_correction(pg: Connection, sync_id: int, counts: dict[str, Any], at: datetime) -> None:
    """Close the record of a correction. Call in the transaction that wrote the correction."""
    pg.execute(syncs.update().where(syncs.c.id == sync_id).values(state="published", counts=counts, finished_at=at))
