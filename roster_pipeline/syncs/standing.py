"""The standing of each district: its last sync, the decisions that it waits for, and since when its syncs fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from roster_pipeline.product.organizations import find_organization


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
        sync: the last sync, corrections left out. None if there was none yet.
        holds: the number of plans of which a part waits for approval.
        reviews: the number of open reviews.
        failing_since: the start of the first failed sync since the last one that was published.
    """

    sync: SyncRecord | None
    holds: int
    reviews: int
    failing_since: datetime | None


SYNC = """
    sync.id, sync.mode, sync.mode_reason, sync.trigger, sync.state, sync.started_at, sync.finished_at,
    sync.dagster_run_id, sync.counts ->> 'error' as failure, sync.counts ->> 'summary' as summary
"""
STANDINGS = f"""
    select organization.clever_district_id, waits.holds, waits.reviews, failed.since, {SYNC}
    from roster.organizations as organization
    left join lateral (
        select * from roster.syncs
        where organization_id = organization.id and mode not in ('resolve', 'undo')
        order by id desc limit 1
    ) as sync on true
    cross join lateral (
        select
            (select count(distinct plan_digest) from roster.holds
                where organization_id = organization.id and state = 'open') as holds,
            (select count(*) from roster.reviews
                where organization_id = organization.id and state = 'open') as reviews
    ) as waits
    cross join lateral (
        select min(started_at) as since from roster.syncs
        where organization_id = organization.id and state = 'failed' and id > (
            select coalesce(max(id), 0) from roster.syncs
            where organization_id = organization.id and mode not in ('resolve', 'undo')
                and state in ('published', 'held', 'undone')
        )
    ) as failed
"""
LAST_SYNCS = f"""
    select {SYNC} from roster.syncs as sync
    where organization_id = :organization order by id desc limit :limit
"""


def standings(pg: Connection) -> dict[str, Standing]:
    """Return the standing of every district, by Clever id."""
    rows = pg.execute(sa.text(STANDINGS)).mappings()
    return {row["clever_district_id"]: Standing(_sync(row), row["holds"], row["reviews"], row["since"]) for row in rows}


def list_syncs(pg: Connection, district_id: str, limit: int) -> list[SyncRecord]:
    """Return the last syncs and corrections of a district, the newest first.

    Raises:
        DistrictUnknown: the district was never connected.
    """
    organization = find_organization(pg, district_id)
    rows = pg.execute(sa.text(LAST_SYNCS), {"organization": organization.id, "limit": limit})
    return [SyncRecord(*row) for row in rows]


def _sync(row: RowMapping) -> SyncRecord | None:
    fields = {name: row[name] for name in SyncRecord.__dataclass_fields__}
    return SyncRecord(**fields) if fields["id"] is not None else None
