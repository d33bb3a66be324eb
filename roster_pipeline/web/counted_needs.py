"""Counts what waits in each district after a sync, so that the Overview of a large district reads stored numbers.

The worker of the page counts as the user of the syncs, because row-level security would look at each place in a class.
The numbers of the fix list are counted in the district file.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from roster_pipeline.corrections.different import DECISION, REASON
from roster_pipeline.explain.district_file import Unread, open_file, retry_when_damaged
from roster_pipeline.explain.facts import read_district
from roster_pipeline.product.database import transaction
from roster_pipeline.product.tables import organizations, refresh_requests, reviews, syncs, web_audit
from roster_pipeline.settings import Settings
from roster_pipeline.web.needs import count_members

HIDING = ("hide_class", "show_class")
log = logging.getLogger(__name__)


def count_needs(settings: Settings, engine: Engine, now: Callable[[], datetime]) -> None:
    """Count what waits in each district in which something has changed since it was counted last.

    A district in which a sync is running waits for the next call, because its file cannot be read.
    """
    with transaction(engine) as pg:
        due = pg.execute(_select_due()).all()
    for district in due:
        fix_list = retry_when_damaged(lambda: _count_fix_list(settings, engine, district))  # noqa: B023
        if fix_list is None:
            continue
        with transaction(engine) as pg:
            counts = {**count_members(pg, district.id)._asdict(), **fix_list}
            stored = {"sync_id": district.sync_id, "counted_at": now().isoformat(), "counts": counts}
            pg.execute(organizations.update().where(organizations.c.id == district.id).values(needs=stored))


def _select_due() -> sa.Select[tuple[int, str, int]]:
    """Select the districts with a newer sync, preview or hidden class, and the newest sync of each."""
    own = organizations.c
    counted_at = sa.cast(own.needs["counted_at"].astext, sa.DateTime(timezone=True))
    newest = (
        sa.select(sa.func.max(syncs.c.id))
        .where(syncs.c.organization_id == own.id, syncs.c.state.in_(("published", "held", "undone")))
        .scalar_subquery()
    )
    has_preview = sa.exists().where(
        refresh_requests.c.organization_id == own.id,
        refresh_requests.c.kind == "preview",
        refresh_requests.c.finished_at > counted_at,
    )
    has_hidden = sa.exists().where(
        web_audit.c.organization_id == own.id, web_audit.c.act.in_(HIDING), web_audit.c.at > counted_at
    )
    is_due = sa.or_(
        newest.is_distinct_from(sa.cast(own.needs["sync_id"].astext, sa.BigInteger)), has_preview, has_hidden
    )
    return sa.select(own.id, own.clever_district_id, newest.label("sync_id")).where(
        own.tier == "secure_sync", own.last_published_at.is_not(None), is_due
    )


def _count_fix_list(
    settings: Settings, engine: Engine, district: sa.Row[tuple[int, str, int]]
) -> Mapping[str, int] | None:
    """Count the near matches and the broken records of the last preview, or else of the last sync.

    A near match that a person has decided is left out. The result is empty if this machine has no file, and None if a
    sync is running.
    """
    for is_preview in (True, False):
        with (
            transaction(engine) as pg,
            open_file(pg, settings.districts_folder, district.clever_district_id, is_preview=is_preview) as con,
        ):
            if isinstance(con, Unread):
                if con.is_running:
                    return None
            else:
                near = {(row.clever_id, row.account_id) for row in read_district(con, "near_pairs")}
                (set_aside,) = read_district(con, "set_aside_count")
                return {"near": len(near - _list_decided(pg, district.id)), "set_aside": set_aside.records}
    return {}


def _list_decided(pg: Connection, organization_id: int) -> set[tuple[str, int]]:
    """Return the near matches of which a person has decided that they are another person."""
    decided = sa.and_(
        reviews.c.organization_id == organization_id, reviews.c.reason == REASON, reviews.c.decision == DECISION
    )
    rows = pg.execute(sa.select(reviews.c.clever_id, reviews.c.account_id).where(decided))
    return {(row.clever_id, row.account_id) for row in rows}
