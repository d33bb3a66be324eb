"""Reads the standing of each district: its last sync, its open holds and reviews, and since when its syncs fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from roster_pipeline.model.queries import load_query
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.product.tables import syncs


@dataclass(frozen=True)
class SyncRecord:
    """One sync of a district, or one correction by a person.

    Attributes:
        mode: `full`, `delta` or `auto`; of a correction `resolve` or `undo`.
        trigger: what started the sync, such as `nightly`.
        state: the state, such as `published`.
        failure: the failure of a failed sync, in one line.
        summary: the change summary of a published sync, in words.
    """

    id: int
    mode: str
    mode_reason: str | None
    trigger: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    dagster_run_id: str | None
    failure: str | None
    summary: str | None


@dataclass(frozen=True)
class Standing:
    """The standing of one district.

    Attributes:
        sync: the last sync, without corrections. None if there was none yet.
        holds: the number of plans of which a part is on hold for approval.
        reviews: the number of open reviews.
        failing_since: the start of the first failed sync since the last one that was published.
    """

    sync: SyncRecord | None
    holds: int
    reviews: int
    failing_since: datetime | None


SYNC_RECORDS = sa.select(
    *(syncs.c[name] for name in ("id", "mode", "mode_reason", "trigger", "state", "started_at", "finished_at")),
    syncs.c.dagster_run_id,
    syncs.c.counts["error"].astext.label("failure"),
    syncs.c.counts["summary"].astext.label("summary"),
)


def read_standings(pg: Connection) -> dict[str, Standing]:
    """Return the standing of every district, by Clever id."""
    rows = pg.execute(sa.text(load_query("syncs", "standings"))).mappings()
    return {
        row["district_id"]: Standing(_build_sync(row), row["holds"], row["reviews"], row["failing_since"])
        for row in rows
    }


def list_syncs(pg: Connection, district_id: str, limit: int) -> list[SyncRecord]:
    """Return the last syncs and corrections of a district, the newest first.

    Raises:
        DistrictUnknown: the district was never connected.
    """
    organization = find_organization(pg, district_id)
    own = SYNC_RECORDS.where(syncs.c.organization_id == organization.id)
    rows = pg.execute(own.order_by(syncs.c.id.desc()).limit(limit))
    return [SyncRecord(**row) for row in rows.mappings()]


def _build_sync(row: RowMapping) -> SyncRecord | None:
    """Return the last sync in a row of the standings, or None if the district had no sync yet."""
    fields = {name: row[name] for name in SyncRecord.__dataclass_fields__}
    return SyncRecord(**fields) if fields["id"] is not None else None
