"""Files → the `raw` tables of one district's DuckDB file, with the proof of how completely they were read.

What Clever said, in Clever's own shape: choosing between copies, trimming and renaming is staging's. Reading
Clever is extract's. Whether a feed is good enough to act on is the plan's; here is what it needs
to know for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from roster_pipeline.delta.bookmark import save_bookmark
from roster_pipeline.delta.drift import expect, measure_drift
from roster_pipeline.delta.events import forget_events, forget_older, load_events, overlay
from roster_pipeline.errors import RosterError
from roster_pipeline.land.rows import load_rejections, load_rows
from roster_pipeline.land.warehouse import one_transaction
from roster_pipeline.model.feed import District

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from roster_pipeline.model.feed import Feed, ResourceRead
    from roster_pipeline.model.sync_state import Bookmark

TABLES = """
CREATE SCHEMA IF NOT EXISTS raw;
CREATE TABLE IF NOT EXISTS raw.load_audit (
    sync_id BIGINT, resource VARCHAR, pages BIGINT, "rows" BIGINT, rejections BIGINT, content_digest VARCHAR,
    PRIMARY KEY (sync_id, resource)
);
CREATE TABLE IF NOT EXISTS raw.rejected (
    sync_id BIGINT, resource VARCHAR, clever_id VARCHAR, reason VARCHAR, whole_record BOOLEAN
);
"""
DISTRICT = """
CREATE OR REPLACE TABLE raw.district (
    sync_id BIGINT, sync_uid VARCHAR, id VARCHAR, name VARCHAR, state VARCHAR, last_sync TIMESTAMPTZ
)
"""

EMPTIED = """
SELECT now.resource
FROM raw.load_audit AS now
WHERE now.sync_id = $sync_id AND now."rows" = 0
  AND EXISTS (
      SELECT 1 FROM raw.load_audit AS before
      WHERE before.resource = now.resource AND before.sync_id <> now.sync_id AND before."rows" > 0
  )
ORDER BY now.resource
"""


@dataclass(frozen=True)
class Landed:
    """What a sync brought into the warehouse.

    Attributes:
        sync_uid: of the sync, or None where nothing is published from what landed.
        rows: by the name of the resource; duplicates of one Clever id counted each.
        rejections: records refused and fields dropped, over all resources.
        emptied: resources that are empty now and once were not, so that absence from them proves nothing
            (docs/rules.md R5.3). They stay listed, sync after sync, until they have rows again.
        drift: by resource, the records that the events since the bookmark had wrong; None where that could not be told.
    """

    sync_id: int
    district: District
    rows: dict[str, int]
    rejections: int
    emptied: tuple[str, ...]
    drift: Mapping[str, int] | None = None
    sync_uid: str | None = None


def land(
    con: duckdb.DuckDBPyConnection,
    feed: Feed,
    sync_id: int,
    bookmark: Bookmark | None = None,
    *,
    sync_uid: str | None = None,
) -> Landed:
    """Replace the `raw` tables by a feed's rows, in one transaction: killed anywhere, the old tables stay.

    Each table has its resource's kept fields, `content_hash` (of what counts as content) and `sync_id`.
    Landing the same sync again gives the same.

    Args:
        con: from `open_warehouse`.
        sync_id: this sync's number; `raw.load_audit` keeps one row for each sync and resource.
        bookmark: how far the events of the feed go; None if Clever gives none. It counts once it is confirmed.
        sync_uid: of the sync.

    Raises:
        RosterError: a file does not hold the rows that were read, or is no file of this feed.
    """
    con.execute(TABLES)
    if feed.before:
        expect(con, feed.before, sync_id)
    if feed.after:
        load_events(con, feed.after, sync_id)
    with one_transaction(con):
        con.execute("DELETE FROM raw.rejected")
        describe_district(con, feed.district, sync_id, sync_uid)
        digests = {}
        for read in feed.reads:
            digests[read.resource.name] = load_rows(con, read, sync_id)
            load_rejections(con, "raw.rejected", read, sync_id)
        prove(con, feed.reads, sync_id, digests)
        drift = _follow_events(con, feed)
        save_bookmark(con, bookmark, missed=sum(drift.values()) if drift else 0)
    forget_events(con)
    return read_landed(con, drift)


def _follow_events(con: duckdb.DuckDBPyConnection, feed: Feed) -> dict[str, int] | None:
    """Apply what came while the lists were read; returns what events until then had missed, if that can be told."""
    if feed.after is None:
        return None
    if feed.after.changed:
        forget_older(con)
        overlay(con)
    return measure_drift(con) if feed.before else None


def describe_district(con: duckdb.DuckDBPyConnection, district: District, sync_id: int, sync_uid: str | None) -> None:
    """Keep what Clever says of the district itself, and which sync read it."""
    con.execute(DISTRICT)
    con.execute(
        "INSERT INTO raw.district VALUES (?, ?, ?, ?, ?, ?)",
        [sync_id, sync_uid, district.id, district.name, district.state, district.last_sync],
    )


def read_landed(con: duckdb.DuckDBPyConnection, drift: Mapping[str, int] | None = None) -> Landed:
    """What the `raw` tables hold now, whichever run landed it.

    Raises:
        RosterError: nothing has landed yet.
    """
    try:
        row = con.execute("SELECT sync_id, sync_uid, id, name, state, last_sync FROM raw.district").fetchone()
    except (duckdb.CatalogException, duckdb.BinderException):  # there is none, or it is of an earlier version
        row = None
    if row is None:
        raise RosterError("Nothing of this district has landed yet; materialize its raw assets first.")
    sync_id, sync_uid, *described = row
    proof = con.execute(
        'SELECT resource, "rows", rejections FROM raw.load_audit WHERE sync_id = ?', [sync_id]
    ).fetchall()
    emptied = con.execute(EMPTIED, {"sync_id": sync_id}).fetchall()
    return Landed(
        sync_id,
        District(*described),
        {resource: rows for resource, rows, _ in proof},
        sum(count for _, _, count in proof),
        tuple(name for (name,) in emptied),
        drift,
        sync_uid,
    )


def read_load_audit(con: duckdb.DuckDBPyConnection, sync_id: int) -> dict[str, dict[str, object]]:
    """How completely each list was read: pages to the last, rows, records set aside, and whether absence is proven."""
    emptied = {name for (name,) in con.execute(EMPTIED, {"sync_id": sync_id}).fetchall()}
    rows = con.execute('SELECT resource, pages, "rows", rejections FROM raw.load_audit WHERE sync_id = ?', [sync_id])
    return {
        name: {"pages": pages, "rows": count, "rejections": rejections, "complete": name not in emptied}
        for name, pages, count, rejections in rows.fetchall()
    }


def prove(
    con: duckdb.DuckDBPyConnection, reads: Sequence[ResourceRead], sync_id: int, digests: Mapping[str, str]
) -> None:
    """Keep what was read of each resource, and how much was not.

    Args:
        digests: of the whole of a resource, by its name; nothing of one that was read by events.
    """
    rows = [
        (sync_id, read.resource.name, read.pages, read.rows, len(read.rejections), digests.get(read.resource.name))
        for read in reads
    ]
    # One statement: planning takes DuckDB longer than running, for each anew.
    places = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(rows))
    con.execute(f"INSERT OR REPLACE INTO raw.load_audit VALUES {places}", [value for row in rows for value in row])
