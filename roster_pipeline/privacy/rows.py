"""Erases the rows of a subject in PostgreSQL, in one transaction."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.privacy.kept_accounts import clear_kept_accounts, read_kept_accounts
from roster_pipeline.privacy.subject import Subject
from roster_pipeline.privacy.tables import TABLE_ERASURES, TableErasure
from roster_pipeline.product.database import write_as_eraser


def erase_rows(pg: Connection, subject: Subject) -> dict[str, int]:
    """Delete the rows of a subject, and remove the person from rows that stay.

    Returns:
        The number of deleted and changed rows of each table that had some.
    """
    write_as_eraser(pg)
    before = read_kept_accounts(pg, subject)
    counts = {erasure.table.name: _erase_table(pg, erasure, subject) for erasure in TABLE_ERASURES}
    for table, rows in clear_kept_accounts(pg, before).items():
        counts[table] += rows
    return {table: rows for table, rows in counts.items() if rows}


def _erase_table(pg: Connection, erasure: TableErasure, subject: Subject) -> int:
    rows = pg.execute(sa.delete(erasure.table).where(erasure.is_erased(subject))).rowcount
    for column, (value, is_changed) in erasure.changed(subject).items():
        rows += pg.execute(sa.update(erasure.table).where(is_changed).values({column: value})).rowcount
    return rows
