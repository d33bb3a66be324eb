"""Removes the bytes of deleted rows from the files of the embedded server.

A deleted row stays in the pages of its table, in the statistics of the planner and in the log of writes (WAL). VACUUM
FULL writes a table anew, and old segments of the log are removed. An external server is not touched, because its
administrator decides about its files (docs/privacy.md#not-reached).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from roster_pipeline.product.refusals import Place, translate_error
from roster_pipeline.settings import Settings

LOCK_TIMEOUT = "set lock_timeout = '10s'"
"""VACUUM FULL waits for other sessions, and the application waits behind it."""
ACTIVITY = sa.table(
    "pg_stat_activity",
    *(sa.column(name) for name in ("pid", "datname", "xact_start", "backend_xid", "backend_xmin")),
    schema="pg_catalog",
)
MAX_WAITS, WAIT_SECONDS = 60, 0.5
MAX_SEGMENTS = 100
"""The most segments of the log that are passed. The embedded server keeps at most 64 of them for later."""
SEGMENT = "^[0-9A-F]{24}$"
STATISTICS = sa.table("pg_statistic", sa.column("starelid"), schema="pg_catalog")


def rewrite_server_files(settings: Settings, engine: Engine) -> bool:
    """Write the tables of the embedded server anew, and remove its old log. An external server is left alone.

    Returns:
        Whether no deleted row is left in the tables. A transaction that is open for long keeps the rows that it may
        still read, so the call waits for it, and returns False if it does not end.

    Raises:
        ProductUnusable: the server does not answer or refuses.
    """
    if settings.database_url is not None:
        return True
    with _outside_transaction(engine) as pg:
        is_alone = _wait_for_readers(pg)
        tables = _list_tables(pg)
        for table in tables:
            pg.execute(sa.text(f"vacuum (full) {table}"))
        # ANALYZE leaves the statistics of a table that is empty now.
        pg.execute(
            sa.delete(STATISTICS).where(STATISTICS.c.starelid.in_([sa.func.to_regclass(name) for name in tables]))
        )
        for table in tables:
            pg.execute(sa.text(f"analyze {table}"))
        pg.execute(sa.text("vacuum (full) pg_catalog.pg_statistic"))
        with _without_recycling(pg):
            _remove_old_segments(pg)
    (settings.postgres_folder / "log").write_bytes(b"")  # an error of PostgreSQL can quote a row
    return is_alone


def _wait_for_readers(pg: Connection) -> bool:
    """Wait until the other transactions of this database that are open now have ended. Return whether they have."""
    open_now = _list_transactions(pg)
    for _ in range(MAX_WAITS):
        open_now &= _list_transactions(pg)
        if not open_now:
            return True
        pg.execute(sa.select(sa.func.pg_sleep(WAIT_SECONDS)))
    return False


def _list_transactions(pg: Connection) -> set[tuple[Any, ...]]:
    """Return the process and the begin of each other transaction that may still read deleted rows."""
    activity = ACTIVITY.c
    query = sa.select(activity.pid, activity.xact_start).where(
        activity.datname == sa.func.current_database(),
        activity.pid != sa.func.pg_backend_pid(),
        sa.or_(activity.backend_xid.is_not(None), activity.backend_xmin.is_not(None)),
    )
    return {tuple(row) for row in pg.execute(query)}


def _list_tables(pg: Connection) -> list[str]:
    """Return the quoted names of all tables of the database. The embedded server has no other user."""
    tables, quote = sa.inspect(pg), pg.dialect.identifier_preparer.quote
    schemas = (schema for schema in tables.get_schema_names() if schema != "information_schema")
    return [f"{quote(schema)}.{quote(name)}" for schema in schemas for name in tables.get_table_names(schema)]


@contextmanager
def _outside_transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as pg:
            pg.execute(sa.text(LOCK_TIMEOUT))
            yield pg
            pg.execute(sa.text("reset lock_timeout"))
    except DBAPIError as error:
        raise translate_error(Place.of(engine), error) from None


@contextmanager
def _without_recycling(pg: Connection) -> Iterator[None]:
    """Let the server remove old segments of its log instead of renaming them for later, with their bytes."""
    pg.execute(sa.text("alter system set wal_recycle = off"))
    pg.execute(sa.text("select pg_reload_conf()"))
    try:
        yield
    finally:
        pg.execute(sa.text("alter system reset wal_recycle"))
        pg.execute(sa.text("select pg_reload_conf()"))


def _remove_old_segments(pg: Connection) -> None:
    """Pass every segment that was kept for later, then remove all segments before the present one."""
    segment = sa.func.pg_ls_waldir().table_valued("name", "size", "modification")
    newest = sa.select(sa.func.max(segment.c.name)).where(segment.c.name.regexp_match(SEGMENT)).scalar_subquery()
    is_left = sa.select(newest > sa.func.pg_walfile_name(sa.func.pg_current_wal_lsn()))
    for _ in range(MAX_SEGMENTS):
        _begin_segment(pg)
        if not pg.execute(is_left).scalar_one():
            break
    pg.execute(sa.text("checkpoint"))
    _begin_segment(pg)
    pg.execute(sa.text("checkpoint"))


def _begin_segment(pg: Connection) -> None:
    """Begin the next segment of the log. A segment without an entry is not left, so one is written first."""
    pg.execute(sa.select(sa.func.pg_logical_emit_message(sa.true(), "roster", "next segment")))
    pg.execute(sa.select(sa.func.pg_switch_wal()))
