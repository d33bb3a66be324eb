"""Removes the bytes of deleted rows from the files of the embedded server.

A deleted row stays in the pages of its table, in the statistics of the planner and in the log of writes (WAL). VACUUM
FULL writes a table anew, and old segments of the log are removed. An external server is not touched, because its
administrator decides about its files (docs/privacy.md#not-reached).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from roster_pipeline.product.refusals import Place, translate_error
from roster_pipeline.settings import Settings

LOCK_TIMEOUT = "set lock_timeout = '10s'"
"""VACUUM FULL waits for other sessions, and the application waits behind it."""
MAX_SEGMENTS = 100
"""The most segments of the log that are passed. The embedded server keeps at most 64 of them for later."""
IS_OF_SERVER = "starts_with(n.nspname, 'pg_') or n.nspname = 'information_schema'"
OWN_TABLES = f"""
    select c.oid, format('%I.%I', n.nspname, c.relname) as name from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace where c.relkind = 'r' and not ({IS_OF_SERVER})
"""
LIST_TABLES = f"select name from ({OWN_TABLES}) as own order by name"
DELETE_STATISTICS = f"delete from pg_catalog.pg_statistic where starelid in (select oid from ({OWN_TABLES}) as own)"
NEXT_SEGMENT = "select pg_logical_emit_message(true, 'roster', 'next segment'), pg_switch_wal()"
IS_SEGMENT_LEFT = (
    "select max(name) > pg_walfile_name(pg_current_wal_lsn()) from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$'"
)


def rewrite_server_files(settings: Settings, engine: Engine) -> bool:
    """Write the tables of the embedded server anew, and remove its old log. Return False for an external server.

    Raises:
        ProductUnusable: the server does not answer or refuses.
    """
    if settings.database_url is not None:
        return False
    with _outside_transaction(engine) as pg:
        tables = list(pg.execute(sa.text(LIST_TABLES)).scalars())
        for table in tables:
            pg.execute(sa.text(f"vacuum (full) {table}"))
        pg.execute(sa.text(DELETE_STATISTICS))
        for table in tables:
            pg.execute(sa.text(f"analyze {table}"))
        pg.execute(sa.text("vacuum (full) pg_catalog.pg_statistic"))
        with _without_recycling(pg):
            _remove_old_segments(pg)
    (settings.postgres_folder / "log").write_bytes(b"")  # an error of PostgreSQL can quote a row
    return True


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
    for _ in range(MAX_SEGMENTS):
        pg.execute(sa.text(NEXT_SEGMENT))
        if not pg.execute(sa.text(IS_SEGMENT_LEFT)).scalar_one():
            break
    pg.execute(sa.text("checkpoint"))
    pg.execute(sa.text(NEXT_SEGMENT))
    pg.execute(sa.text("checkpoint"))
