"""Erases the rows of a subject in PostgreSQL, in one transaction."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.privacy.subject import Subject
from roster_pipeline.privacy.tables import TABLE_ERASURES, TableErasure
from roster_pipeline.product.database import write_as_eraser
from roster_pipeline.product.tables import accounts, identity_links


def erase_rows(pg: Connection, subject: Subject) -> dict[str, int]:
    """Delete the rows of a subject, and remove the person from rows that stay.

    Returns:
        The number of deleted and changed rows of each table that had some.
    """
    write_as_eraser(pg)
    counts = {erasure.table.name: _erase_table(pg, erasure, subject) for erasure in TABLE_ERASURES}
    counts["accounts"] += _clear_kept_accounts(pg, subject)
    return {table: rows for table, rows in counts.items() if rows}


def _erase_table(pg: Connection, erasure: TableErasure, subject: Subject) -> int:
    rows = pg.execute(sa.delete(erasure.table).where(erasure.is_erased(subject))).rowcount
    for column, (value, is_changed) in erasure.changed(subject).items():
        rows += pg.execute(sa.update(erasure.table).where(is_changed).values({column: value})).rowcount
    return rows


def _clear_kept_accounts(pg: Connection, subject: Subject) -> int:
    """Clear what only Clever wrote on the accounts that stay, unless another person of Clever has the account."""
    is_linked = sa.exists().where(identity_links.c.account_id == accounts.c.id, identity_links.c.unlinked_at.is_(None))
    cleared = (
        sa.update(accounts)
        .where(accounts.c.id.in_(subject.kept_accounts), ~is_linked, accounts.c.imported_from_clever)
        .values(imported_from_clever=False, clever_email=None, grade=None)
    )
    return pg.execute(cleared).rowcount
