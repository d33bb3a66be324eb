"""Connections to the product database: the engine, its migrations, and the lock that serialises a district's syncs."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from roster_pipeline.embedded import product_url
from roster_pipeline.errors import ProductBusy, ProductUnusable
from roster_pipeline.product.tables import SCHEMA
from roster_pipeline.settings import Settings

log = logging.getLogger(__name__)
APPLICATION = "roster-pipeline"
"""What pg_stat_activity shows for sessions of this program, unless the URL says otherwise."""
MIGRATION_LOCK = "roster:migrations"
AWAY = ("08", "57P", "28", "3D")
"""SQLSTATE classes of a server that is not there for us: connection, shutdown, authorisation, no such database."""
PRIVILEGE = "42501"
BUSY = ("40P01", "40001", "55P03")
"""SQLSTATEs of a conflict with another session: deadlock, serialization failure, lock not available."""
LOCK_SECONDS = 2.0
"""The longest wait for a lock of another session."""
MAY_BE_WRITER = """
    select exists (
        select from pg_roles
        where rolname = 'roster_writer' and has_schema_privilege(oid, 'roster', 'usage') and pg_has_role(
            oid, case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end
        )
    )
"""
"""Whether the role is there, has its grants here, and may be taken."""
BEGIN = "select set_config('lock_timeout', :lock_timeout, true)"
LOCKS = "RS"
"""SQLSTATE class of what migration 0003 refuses, in words that name a row by its ids alone."""


def connect(url: str) -> Engine:
    """An engine whose sessions work in UTC. Nothing is opened until it is used."""
    arguments = {"options": "-c timezone=UTC", "connect_timeout": 10, "fallback_application_name": APPLICATION}
    return sa.create_engine(url, pool_pre_ping=True, connect_args=arguments)


@cache
def open_product(settings: Settings) -> Engine:
    """The product database of these settings, at its newest migration; opened once a process.

    Raises:
        ProductUnusable: the server does not answer or refuses.
    """
    engine = connect(product_url(settings))
    migrate(engine)
    return engine


def migrate(engine: Engine) -> None:
    """Bring schema `roster` to the newest migration; a no-op where it is there. Safe to call from many processes.

    Raises:
        ProductUnusable: the server does not answer or refuses.
    """
    config = Config()
    config.set_main_option("script_location", str(files("roster_pipeline.product") / "migrations"))
    with transaction(engine, lock_seconds=0) as connection:
        _wait_for_lock(connection, MIGRATION_LOCK, scope="xact")
        connection.execute(sa.schema.CreateSchema(SCHEMA, if_not_exists=True))
        config.attributes["connection"] = connection
        try:
            with _notices_logged(connection):
                command.upgrade(config, "head")
        except CommandError:
            raise ProductUnusable(
                f"The tables at {_place(engine)} were made by a newer version of this package, or by none. "
                "Nothing was changed. Install the version that made them, or use another database."
            ) from None


@contextmanager
def _notices_logged(connection: Connection) -> Iterator[None]:
    """What a migration has to say to the operator (SQLSTATE class RS) becomes a warning of this module's logger."""

    def warn(notice: psycopg.errors.Diagnostic) -> None:
        if str(notice.sqlstate).startswith(LOCKS):
            log.warning("%s", notice.message_primary)

    driver: Any = connection.connection.driver_connection
    driver.add_notice_handler(warn)
    try:
        yield
    finally:
        driver.remove_notice_handler(warn)


@contextmanager
def transaction(engine: Engine, *, one_view: bool = False, lock_seconds: float = LOCK_SECONDS) -> Iterator[Connection]:
    """One transaction: committed on leaving, rolled back on any error.

    Args:
        one_view: all its queries see the product as it was at the first one.
        lock_seconds: the longest wait for each lock of another session; 0 waits without end.

    Raises:
        ProductBusy: another session was in the way.
        ProductUnusable: the database is away or refused; the message carries no row and no URL.
    """
    try:
        with (
            engine.execution_options(isolation_level="REPEATABLE READ") if one_view else engine
        ).begin() as connection:
            connection.execute(sa.text(BEGIN), {"lock_timeout": f"{lock_seconds * 1000:.0f}ms"})
            yield connection
    except (DBAPIError, psycopg.Error) as error:
        # COPY runs on psycopg's own cursor. Either way the server's words can quote a row, so they go no further.
        raise _unusable(engine, error.orig if isinstance(error, DBAPIError) else error) from None


def write_as_sync(pg: Connection, organization_id: int) -> None:
    """Let this transaction write what Clever owns of one organization, until it ends.

    Triggers refuse everybody else, and the walls of `as_writer` every other organization's rows.
    """
    pg.execute(
        sa.text("select set_config('roster.writer', 'sync', true), set_config('roster.organization', :own, true)"),
        {"own": str(organization_id)},
    )


@contextmanager
def as_writer(pg: Connection, table: str) -> Iterator[None]:
    """Run statements as role `roster_writer`, if there is one; an error ends the role with the transaction.

    Args:
        table: a temporary table, made before, that they read.
    """
    if not pg.execute(sa.text(MAY_BE_WRITER)).scalar_one():
        yield
        return
    pg.execute(sa.text(f"grant select on {table} to roster_writer"))
    pg.execute(sa.text("set local role roster_writer"))
    yield
    pg.execute(sa.text("reset role"))


@contextmanager
def district_lock(engine: Engine, district_id: str, *, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold this district's advisory lock for as long as the block runs; whoever comes later waits.

    The lock belongs to a session of its own, so a killed process frees it at once.

    Args:
        on_wait: called once if another sync of this district is running.
    """
    with transaction(engine, lock_seconds=0) as connection:
        key = _district_key(district_id)
        taken = connection.execute(
            sa.text("select pg_try_advisory_lock(hashtextextended(:key, 0))"), {"key": key}
        ).scalar_one()
        if not taken:
            on_wait()
            _wait_for_lock(connection, key, scope="session")
        connection.commit()
        try:
            yield
        finally:
            connection.invalidate()


def share_district(pg: Connection, district_id: str) -> bool:
    """Keep syncs of this district from beginning until the transaction ends; False if one is running.

    Those who only look share the lock: they do not wait for one another.
    """
    shared = sa.text("select pg_try_advisory_xact_lock_shared(hashtextextended(:key, 0))")
    return bool(pg.execute(shared, {"key": _district_key(district_id)}).scalar_one())


def _district_key(district_id: str) -> str:
    return f"roster:district:{district_id}"


def _wait_for_lock(connection: Connection, key: str, *, scope: str) -> None:
    function = "pg_advisory_xact_lock" if scope == "xact" else "pg_advisory_lock"
    connection.execute(sa.text(f"select {function}(hashtextextended(:key, 0))"), {"key": key})


def _place(engine: Engine) -> str:
    url = engine.url
    return f"{url.host or url.query.get('host', 'its socket')}/{url.database}"


def _unusable(engine: Engine, error: BaseException | None) -> ProductUnusable:
    """What a person is told: where the server is if it is away, what our locks say, else SQLSTATE and constraint."""
    code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if code is None and isinstance(error, psycopg.DataError | psycopg.ProgrammingError | psycopg.NotSupportedError):
        return ProductUnusable(
            f"The work for PostgreSQL was refused before it was sent ({type(error).__name__}). Nothing was half done. "
            "The next sync does what this one did not; if it stays, report it with the run's id."
        )
    if code is None or code.startswith(AWAY):
        said = re.sub(r"\s+", " ", str(error)).strip()[:160]
        return ProductUnusable(
            f"PostgreSQL at {_place(engine)} is away ({said}). "
            "Nothing was half done. Check the server and ROSTER_DATABASE_URL, then run again."
        )
    if code in BUSY:
        return ProductBusy(
            f"Another session's transaction was in the way ({code}). Everything was rolled back; nothing was half "
            "done. Run again once it has ended."
        )
    diag = getattr(error, "diag", None)
    if code.startswith(LOCKS) and diag:
        return ProductUnusable(
            f"The product's own lock {code} refused the work and rolled it back: {diag.message_primary}. "
            f"Nothing was half done. {diag.message_hint}"
        )
    if code == PRIVILEGE:
        return ProductUnusable(
            f"PostgreSQL refused the work ({code}: a grant is missing, or a row is another organization's) and rolled "
            "it back. Nothing was half done. As the owner of the tables: call roster.raise_walls(); then run again."
        )
    constraint = getattr(diag, "constraint_name", None)
    return ProductUnusable(
        f"PostgreSQL refused the work ({' '.join(part for part in (code, constraint) if part)}) and rolled it back. "
        "Nothing was half done. Run again; if it stays, look the code up in PostgreSQL's list of error codes."
    )
