"""Migrations and transactions of the product database, and the advisory lock that serializes a district's syncs."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from zlib import crc32

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from roster_pipeline.embedded import product_url
from roster_pipeline.errors import AccessRefused, LockLost, RosterError
from roster_pipeline.product.refusals import PRIVILEGE, SETTING, Place, read_sqlstate, translate_error
from roster_pipeline.product.sessions import check_server
from roster_pipeline.product.sessions import connect as connect
from roster_pipeline.product.tables import SCHEMA
from roster_pipeline.product.upgrade import upgrade_schema
from roster_pipeline.settings import Settings

MIGRATION_LOCK = "roster:migrations"
LOCK_SECONDS = 2.0
"""The longest wait for a lock of another session."""
SECTION_LOCKS = 256
"""The most locks of classes that one update of a Library teacher holds."""
BEGIN = sa.text(
    "select set_config(name, value, true) from json_each_text(cast(:settings as json)) as wanted (name, value)"
)
"""The first statement of each transaction. It sets what holds until the transaction ends."""
WRITER = {"roster.writer": "program"}
"""The writer `program` may write the records of syncs, `sync` all tables. The writer `erase` may delete their rows."""
MAY_BE_WRITER = """
    select exists (
        select from pg_roles
        where rolname = 'roster_writer' and has_schema_privilege(oid, 'roster', 'usage') and pg_has_role(
            oid, case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end
        )
    )
"""
"""Whether the role `roster_writer` exists, has its grants on the schema, and may be set by this user."""
IS_HELD = """
    select exists (
        select from pg_locks as held inner join pg_database as own on own.oid = held.database
        where held.locktype = 'advisory' and held.objsubid = 1 and held.granted and held.mode = 'ExclusiveLock'
            and own.datname = current_database() and held.pid = :session
            and (held.classid::bigint << 32) | held.objid::bigint = hashtextextended(:key, 0)
    )
"""
"""Whether a session holds the advisory lock of a key."""


@cache
def open_product(settings: Settings) -> Engine:
    """Open the product database of these settings and migrate it to the newest revision, once per process.

    Raises:
        ProductUnusable: the server does not answer or refuses.
        CannotStart: a sync cannot work with this server: a replica, a pooler, or another encoding than UTF8.
    """
    url = product_url(settings)
    setting = SETTING if settings.database_url else "ROSTER_HOME"
    check_server(url, setting)
    engine = connect(url, setting=setting)
    migrate(engine)
    return engine


def migrate(engine: Engine) -> None:
    """Migrate schema `roster` to the newest revision. Several processes may call this at once.

    Raises:
        ProductUnusable: the server does not answer or refuses, or `upgrade_schema` refuses the tables.
    """
    with transaction(engine, lock_seconds=0) as connection:
        _wait_for_lock(connection, MIGRATION_LOCK, scope="xact")
        # The wait for a table of the application is bounded, because the application's own queries queue behind it.
        set_for_transaction(connection, _begin_settings(LOCK_SECONDS))
        upgrade_schema(connection)


@contextmanager
def transaction(
    engine: Engine,
    *,
    one_view: bool = False,
    lock_seconds: float = LOCK_SECONDS,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Connection]:
    """Open a transaction. It is committed at the end of the block and rolled back on any error.

    Args:
        one_view: all queries see the product as it was at the first query.
        lock_seconds: the longest wait for each lock of another session. 0 waits without a limit.
        settings: what else the first statement sets.

    Raises:
        ProductBusy: another session held a lock for too long.
        ProductUnusable: the database does not answer or refuses. The message has no row and no URL.
    """
    try:
        with (
            engine.execution_options(isolation_level="REPEATABLE READ") if one_view else engine
        ).begin() as connection:
            set_for_transaction(connection, {**_begin_settings(lock_seconds), **settings})
            yield connection
    except (DBAPIError, psycopg.Error) as error:
        # COPY runs on psycopg's own cursor. The server's message can quote a row, so it is not passed on.
        raise _refusal(engine, error.orig if isinstance(error, DBAPIError) else error) from None


def set_for_transaction(pg: Connection, settings: Mapping[str, str]) -> None:
    """Set some settings of PostgreSQL until the transaction ends."""
    pg.execute(BEGIN, {"settings": json.dumps(dict(settings))})


def _begin_settings(lock_seconds: float) -> dict[str, str]:
    return {"lock_timeout": f"{lock_seconds * 1000:.0f}ms", **WRITER}


def _refusal(engine: Engine, error: BaseException | None) -> RosterError:
    """Return the error of a refused statement. For a missing grant, name a remedy that exists in this database."""
    if read_sqlstate(error) != PRIVILEGE:
        return translate_error(Place.of(engine), error)
    remedy = (
        "As the owner of the tables: call roster.grant_access()"
        if _has_procedure(engine)
        else f"As an administrator: grant the user of {Place.of(engine).setting} usage and create on schema {SCHEMA}"
    )
    return AccessRefused(
        f"PostgreSQL refused the work ({PRIVILEGE}: a grant is missing, or a row is another organization's) and rolled "
        f"it back. No partial changes were made. {remedy}; then run again."
    )


def _has_procedure(engine: Engine) -> bool:
    """Return whether the procedure `roster.grant_access` exists, which grants what syncs need."""
    try:
        with engine.connect() as connection:
            return bool(connection.exec_driver_sql("select to_regproc('roster.grant_access')").scalar())
    except DBAPIError:
        return False


def write_as_sync(pg: Connection, organization_id: int) -> None:
    """Let this transaction write the Clever-managed rows of one organization.

    Write protection refuses all other writers. Row-level security, which applies in `as_writer`, refuses the rows of
    other organizations.
    """
    pg.execute(
        sa.text("select set_config('roster.writer', 'sync', true), set_config('roster.organization', :own, true)"),
        {"own": str(organization_id)},
    )


def write_as_eraser(pg: Connection) -> None:
    """Let this transaction delete rows that write protection keeps (docs/rules.md R6.5 and R6.6)."""
    set_for_transaction(pg, {"roster.writer": "erase"})


@contextmanager
def as_writer(pg: Connection, table: str) -> Iterator[None]:
    """Run the statements of the block as role `roster_writer`, if the role exists.

    Args:
        table: an existing temporary table that the statements read.
    """
    if not pg.execute(sa.text(MAY_BE_WRITER)).scalar_one():
        yield
        return
    pg.execute(sa.text(f"grant select on {table} to roster_writer"))
    pg.execute(sa.text("set local role roster_writer"))
    yield
    pg.execute(sa.text("reset role"))


@dataclass(frozen=True)
class DistrictLock:
    """The advisory lock of a district.

    Attributes:
        session: the server's process id of the session that holds the lock.
    """

    key: str
    session: int

    def check(self, pg: Connection) -> None:
        """Check that the lock is still held.

        Args:
            pg: any session of the same database. It need not be the session that holds the lock.

        Raises:
            LockLost: the lock is not held any more, so another sync of the district may have begun.
        """
        if not pg.execute(sa.text(IS_HELD), {"key": self.key, "session": self.session}).scalar_one():
            raise LockLost(
                f"The session that held the lock {self.key} has ended, so another sync may be running. No partial "
                "changes were made. Let PostgreSQL and what stands before it keep idle sessions, then run again."
            )


@contextmanager
def district_lock(engine: Engine, district_id: str, *, on_wait: Callable[[], None]) -> Iterator[DistrictLock]:
    """Hold the advisory lock of a district while the block runs. Later callers wait for it.

    The lock belongs to a session of its own, so the server releases it at once if the process is killed.

    Args:
        on_wait: called once if another sync of this district is running.
    """
    with transaction(engine, lock_seconds=0) as connection:
        key = name_district_lock(district_id)
        taken = connection.execute(
            sa.text("select pg_try_advisory_lock(hashtextextended(:key, 0))"), {"key": key}
        ).scalar_one()
        if not taken:
            on_wait()
            _wait_for_lock(connection, key, scope="session")
        session = connection.execute(sa.text("select pg_backend_pid()")).scalar_one()
        connection.commit()
        try:
            yield DistrictLock(key, session)
        finally:
            connection.invalidate()


@contextmanager
def hold_keys(engine: Engine, keys: Collection[str]) -> Iterator[None]:
    """Hold several advisory locks while the block runs. Callers take them in one order, so they never block each other.

    The locks belong to a session of their own, so the server releases them at once if the process is killed.
    """
    with transaction(engine, lock_seconds=0) as connection:
        for key in sorted(set(keys)):
            _wait_for_lock(connection, key, scope="session")
        connection.commit()
        try:
            yield
        finally:
            connection.invalidate()


def lock_keys(pg: Connection, keys: Collection[str]) -> None:
    """Hold several advisory locks until the transaction ends. The order is that of `hold_keys`."""
    for key in sorted(set(keys)):
        _wait_for_lock(pg, key, scope="xact")


def name_section_lock(section_id: str) -> str:
    """Return the key of the lock under which co-teachers decide about a class one after the other.

    Classes share `SECTION_LOCKS` keys, because the lock table of PostgreSQL has few places.
    """
    return f"roster:library:section:{crc32(section_id.encode()) % SECTION_LOCKS}"


def name_teacher_lock(account_id: int) -> str:
    """Return what stands for the Clever id of a district in the lock of the updates of a Library teacher."""
    return f"library-{account_id}"


def share_district(pg: Connection, district_id: str) -> bool:
    """Keep syncs of a district from beginning until the transaction ends.

    Readers share the lock, so they do not wait for one another.

    Returns:
        False if a sync of the district is running.
    """
    shared = sa.text("select pg_try_advisory_xact_lock_shared(hashtextextended(:key, 0))")
    return bool(pg.execute(shared, {"key": name_district_lock(district_id)}).scalar_one())


def name_district_lock(district_id: str) -> str:
    """Return the key of the advisory lock under which the syncs of a district run one after the other."""
    return f"roster:district:{district_id}"


def _wait_for_lock(connection: Connection, key: str, *, scope: str) -> None:
    function = "pg_advisory_xact_lock" if scope == "xact" else "pg_advisory_lock"
    connection.execute(sa.text(f"select {function}(hashtextextended(:key, 0))"), {"key": key})
