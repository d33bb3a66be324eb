"""Loads a full read of Clever's lists into the raw tables, with the load audit of each list.

The raw tables hold what Clever said, in Clever's own shape. The staging models choose between copies of a record, trim
and rename. The plan decides whether a feed is good enough to act on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from roster_pipeline.errors import RosterError
from roster_pipeline.land.rows import load_rejections, load_rows
from roster_pipeline.land.warehouse import one_transaction, raise_limits
from roster_pipeline.model.feed import District

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from roster_pipeline.model.feed import Feed, ListFile

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
EMPTIED_LISTS = """
SELECT now.resource
FROM raw.load_audit AS now
WHERE now.sync_id = $sync_id AND now."rows" = 0
  AND EXISTS (
      SELECT 1 FROM raw.load_audit AS before
      WHERE before.resource = now.resource AND before.sync_id <> now.sync_id AND before."rows" > 0
  )
ORDER BY now.resource
"""
"""Selects the lists that are empty in a sync and were not empty in another one."""


@dataclass(frozen=True)
class LandResult:
    """The content of the raw tables after a full read was landed.

    Attributes:
        sync_uid: The uid of the sync, or None where nothing is published from it.
        rows: The rows of each list. Every copy of a Clever id counts.
        rejections: The rejected records and dropped fields of all lists.
        emptied: The lists that are empty now and were not before, so that absence from them proves nothing
            (docs/rules.md R5.3). A list stays here, sync after sync, until it has rows again.
        drift: The records of each list that the events had missed. None where drift could not be measured.
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
    *,
    sync_uid: str | None = None,
    follow_events: Callable[[], Mapping[str, int] | None] = lambda: None,
) -> LandResult:
    """Replace the raw tables by the rows of a feed in one transaction.

    Each table has the kept fields of its list, `content_hash` and `sync_id`. Landing the same sync again gives the same
    tables.

    Args:
        con: The district's file, from `open_warehouse`.
        sync_id: The number of the sync. `raw.load_audit` has one row for each sync and list.
        follow_events: Applies the events around the feed in the same transaction and returns the drift.

    Raises:
        RosterError: A file does not hold the rows that were read, or is not a file of this feed.
    """
    raise_limits(con, max(read.rows for read in feed.lists))  # the longest list is that of the students
    con.execute(TABLES)
    with one_transaction(con):
        con.execute("DELETE FROM raw.rejected")
        save_district(con, feed.district, sync_id, sync_uid)
        digests = {}
        for read in feed.lists:
            digests[read.resource.name] = load_rows(con, read, sync_id)
            load_rejections(con, "raw.rejected", read, sync_id)
        record_load_audit(con, feed.lists, sync_id, digests)
        drift = follow_events()
    return read_land_result(con, drift)


def save_district(con: duckdb.DuckDBPyConnection, district: District, sync_id: int, sync_uid: str | None) -> None:
    """Save Clever's record of the district, and the sync that read it."""
    con.execute(DISTRICT)
    con.execute(
        "INSERT INTO raw.district VALUES (?, ?, ?, ?, ?, ?)",
        [sync_id, sync_uid, district.id, district.name, district.state, district.last_sync],
    )


def read_land_result(con: duckdb.DuckDBPyConnection, drift: Mapping[str, int] | None = None) -> LandResult:
    """Return the content of the raw tables.

    Raises:
        RosterError: The file holds no lists yet.
    """
    try:
        row = con.execute("SELECT sync_id, sync_uid, id, name, state, last_sync FROM raw.district").fetchone()
    except (duckdb.CatalogException, duckdb.BinderException):  # no such table, or one of an earlier version
        row = None
    if row is None:
        raise RosterError("No data of this district has been read yet. Materialize its raw assets first.")
    sync_id, sync_uid, *described = row
    audit = con.execute('SELECT resource, "rows", rejections FROM raw.load_audit WHERE sync_id = ?', [sync_id])
    lists = audit.fetchall()
    return LandResult(
        sync_id,
        District(*described),
        {resource: rows for resource, rows, _ in lists},
        sum(rejections for _, _, rejections in lists),
        _emptied_lists(con, sync_id),
        drift,
        sync_uid,
    )


def read_load_audit(con: duckdb.DuckDBPyConnection, sync_id: int) -> dict[str, dict[str, object]]:
    """Return the load audit of each list: its pages, rows and rejections, and whether absence from it is proven."""
    emptied = _emptied_lists(con, sync_id)
    audit = con.execute('SELECT resource, pages, "rows", rejections FROM raw.load_audit WHERE sync_id = ?', [sync_id])
    return {
        name: {"pages": pages, "rows": rows, "rejections": rejections, "complete": name not in emptied}
        for name, pages, rows, rejections in audit.fetchall()
    }


def record_load_audit(
    con: duckdb.DuckDBPyConnection, reads: Sequence[ListFile], sync_id: int, digests: Mapping[str, str]
) -> None:
    """Record how completely each list was read.

    Args:
        digests: The content digest of each list. A list that was read by events has none.
    """
    rows = [
        (sync_id, read.resource.name, read.pages, read.rows, len(read.rejections), digests.get(read.resource.name))
        for read in reads
    ]
    # DuckDB takes longer to plan such a statement than to run it, so all rows go into one.
    places = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(rows))
    con.execute(f"INSERT OR REPLACE INTO raw.load_audit VALUES {places}", [value for row in rows for value in row])


def _emptied_lists(con: duckdb.DuckDBPyConnection, sync_id: int) -> tuple[str, ...]:
    return tuple(name for (name,) in con.execute(EMPTIED_LISTS, {"sync_id": sync_id}).fetchall())
