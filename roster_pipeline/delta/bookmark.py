"""Saves and loads the bookmark of a district's file: the last event of Clever that the raw tables contain.

The bookmark is saved together with the raw tables, and marked as published when the plan made from them is published.
"""

from __future__ import annotations

import duckdb

from roster_pipeline.model.feed import Cursor
from roster_pipeline.model.sync_state import Bookmark

TABLE = """
CREATE OR REPLACE TABLE raw.bookmark (
    sync_id BIGINT, sync_uid VARCHAR, before VARCHAR, last VARCHAR, seen_at TIMESTAMPTZ, uploaded_at TIMESTAMPTZ,
    full_read_at TIMESTAMPTZ, models_version VARCHAR, missed BIGINT, is_published BOOLEAN
)
"""


def save_bookmark(con: duckdb.DuckDBPyConnection, bookmark: Bookmark | None, *, missed: int = 0) -> None:
    """Replace the bookmark with one that is not published yet. None removes the bookmark.

    Args:
        missed: The number of records that events had missed, as the last full sync found.
    """
    con.execute(TABLE)
    if bookmark:
        con.execute("INSERT INTO raw.bookmark VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, false)", _row(bookmark, missed))


def mark_bookmark_published(con: duckdb.DuckDBPyConnection, sync_id: int) -> None:
    """Mark the bookmark of a sync as published."""
    con.execute("UPDATE raw.bookmark SET is_published = true WHERE sync_id = ?", [sync_id])


def load_bookmark(con: duckdb.DuckDBPyConnection) -> tuple[Bookmark | None, bool]:
    """Return the bookmark of the raw tables, or None if they have none, and whether it is published."""
    try:
        row = con.execute("SELECT sync_id, sync_uid, * EXCLUDE (sync_id, sync_uid) FROM raw.bookmark").fetchone()
    except (duckdb.CatalogException, duckdb.BinderException):  # no bookmark, or one of an earlier version
        row = None
    if row is None:
        return None, False
    sync_id, sync_uid, before, last, *rest, is_published = row
    return Bookmark(sync_id, sync_uid, Cursor(before, last), *rest), is_published


def _row(bookmark: Bookmark, missed: int) -> list[object]:
    """Return the values of a bookmark in the order of the columns."""
    cursor = bookmark.cursor
    return [
        bookmark.sync_id,
        bookmark.sync_uid,
        cursor.before,
        cursor.last,
        bookmark.seen_at,
        bookmark.uploaded_at,
        bookmark.full_read_at,
        bookmark.models_version,
        missed,
    ]
