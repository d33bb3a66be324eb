"""The bookmark of a district's file: how far the raw tables follow Clever's events.

The bookmark is saved with the raw tables. It counts once they are published.
"""

from __future__ import annotations

import duckdb

from roster_pipeline.model.feed import Cursor
from roster_pipeline.model.sync_state import Bookmark

TABLE = """
CREATE OR REPLACE TABLE raw.bookmark (
    sync_id BIGINT, sync_uid VARCHAR, before VARCHAR, last VARCHAR, seen_at TIMESTAMPTZ, uploaded_at TIMESTAMPTZ,
    full_read_at TIMESTAMPTZ, made_by VARCHAR, missed BIGINT, is_published BOOLEAN
)
"""


def save_bookmark(con: duckdb.DuckDBPyConnection, bookmark: Bookmark | None, *, missed: int = 0) -> None:
    """Replace the bookmark by one that is not published yet, or remove it.

    Args:
        missed: The records that the events had missed when they were last compared with a full read.
    """
    con.execute(TABLE)
    if bookmark:
        con.execute("INSERT INTO raw.bookmark VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, false)", _row(bookmark, missed))


def confirm_bookmark(con: duckdb.DuckDBPyConnection, sync_id: int) -> None:
    """Mark the bookmark of a sync as published."""
    con.execute("UPDATE raw.bookmark SET is_published = true WHERE sync_id = ?", [sync_id])


def load_bookmark(con: duckdb.DuckDBPyConnection) -> tuple[Bookmark | None, bool]:
    """Return the bookmark of the raw tables, or None, and whether it is published."""
    try:
        row = con.execute("SELECT sync_id, sync_uid, * EXCLUDE (sync_id, sync_uid) FROM raw.bookmark").fetchone()
    except (duckdb.CatalogException, duckdb.BinderException):  # no bookmark, or one of an earlier version
        row = None
    if row is None:
        return None, False
    sync_id, sync_uid, before, last, *rest, is_published = row
    return Bookmark(sync_id, sync_uid, Cursor(before, last), *rest), is_published


def _row(bookmark: Bookmark, missed: int) -> list[object]:
    cursor = bookmark.cursor
    return [
        bookmark.sync_id,
        bookmark.sync_uid,
        cursor.before,
        cursor.last,
        bookmark.seen_at,
        bookmark.uploaded_at,
        bookmark.full_read_at,
        bookmark.made_by,
        missed,
    ]
