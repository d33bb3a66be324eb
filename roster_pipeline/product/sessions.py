"""Opens sessions with PostgreSQL: checks the server once, and sets what every session needs.

The settings are set by a statement at the beginning of each session. Start-up parameters would do the same, but poolers
refuse them, and they would replace the `options` of the URL.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import URL, Engine
from sqlalchemy.engine import CreateEnginePlugin, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from roster_pipeline.errors import EncodingRefused, PoolerRefused, ServerReadOnly
from roster_pipeline.product.refusals import SETTING, Place, translate_error

APPLICATION = "roster-pipeline"
"""The application name of sessions in pg_stat_activity, unless the URL has another one."""
PLUGIN, SCHEMA_OPTION = "roster", "roster_schema"
REQUIRED_SETTINGS = {
    "client_encoding": "UTF8",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "search_path": "pg_catalog, pg_temp",
}
"""Settings that our statements and the drivers need. They override those of the role, the database and the URL."""
DEFAULT_SETTINGS = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "6",
}
"""Settings that the URL can override. A sync waits for locks, and keeps one session idle that holds the lock of the
district. If the machine of a sync is gone, the server ends that session within two minutes and releases the lock."""
CLIENT_OPTIONS = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 6}
"""Options of libpq in seconds. The keepalives stop a firewall from ending an idle connection."""
SET_SETTINGS = """
    select set_config(name, value, false) from unnest(%s::text[], %s::text[]) as wanted (name, value)
    where current_setting(name, true) is not null and (name <> 'application_name' or current_setting(name) = '')
"""
SERVER_FACTS = """
    select pg_backend_pid(), pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',
        current_setting('server_encoding')
"""


def connect(url: str, *, setting: str = SETTING, **pool: Any) -> Engine:
    """Return an engine for the product database. It opens no connection until it is used.

    Args:
        url: a URL of SQLAlchemy.
        setting: the environment variable that an error names.
        pool: options of SQLAlchemy's pool, such as `pool_size`.
    """
    engine = sa.create_engine(
        url,
        **{"pool_pre_ping": True, **pool},
        connect_args=_select_client_options(make_url(url)),
        execution_options={"setting": setting},
    )
    _set_in_each_session(engine, {**_select_defaults(engine.url), **REQUIRED_SETTINGS})
    return engine


@cache
def check_server(url: str, setting: str, *, holds_names: bool = True) -> None:
    """Check that a server can be used. The check runs once in a process and changes no state of a session.

    Args:
        url: a URL of SQLAlchemy.
        holds_names: whether names of people are written to the database, so that its encoding must be UTF8.

    Raises:
        PoolerRefused: two connections share one session, or one connection uses several sessions.
        ServerReadOnly: the server is a replica, or its transactions are read-only.
        EncodingRefused: the database has another encoding than UTF8.
        ProductUnusable: the server does not answer or refuses the connection.
    """
    engine = sa.create_engine(
        url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=_select_client_options(make_url(url))
    )
    place = Place(setting, Place.of(engine).where)
    try:
        with engine.connect() as first, engine.connect() as second:
            facts = [tuple(each.exec_driver_sql(SERVER_FACTS).one()) for each in (first, second, first, second)]
    except (DBAPIError, psycopg.Error) as error:
        raise translate_error(place, error) from None
    _refuse_unusable_server(place, facts, holds_names=holds_names)


def _refuse_unusable_server(place: Place, facts: list[tuple[Any, ...]], *, holds_names: bool) -> None:
    """Raise the errors of `check_server`.

    Args:
        facts: the rows of `SERVER_FACTS` from two connections, each asked twice in turn.
    """
    first, second, first_again, second_again = (row[0] for row in facts)
    _, is_replica, is_read_only, encoding = facts[0]
    if first == second or first != first_again or second != second_again:
        raise PoolerRefused(
            f"{place.setting} leads to a pooler that lends one session to several clients ({place.where}, transaction "
            "mode), which strands the lock of a district. Nothing was tried. Use the direct address of PostgreSQL."
        )
    if is_replica or is_read_only:
        phrase = "is a replica" if is_replica else "accepts only read-only transactions"
        raise ServerReadOnly(
            f"PostgreSQL at {place.where} {phrase}. Nothing was tried. Set {place.setting} to the primary server, or "
            "let it accept writes again."
        )
    if holds_names and encoding != "UTF8":
        raise EncodingRefused(
            f"The database at {place.where} has encoding {encoding}, which cannot hold every name. Nothing was tried. "
            f"Create a database with encoding UTF8 and set {place.setting} to it."
        )


class RosterSessions(CreateEnginePlugin):
    """Gives sessions with our settings to engines of Dagster whose URL has `?plugin=roster&roster_schema=S`."""

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        super().__init__(url, kwargs)
        self._schema = str(url.query[SCHEMA_OPTION])
        kwargs["connect_args"] = _select_client_options(url) | kwargs.get("connect_args", {})

    def update_url(self, url: URL) -> URL:
        return url.difference_update_query([SCHEMA_OPTION])

    def handle_pool_kwargs(self, pool_cls: type[Any], pool_args: dict[str, Any]) -> None:  # noqa: ARG002
        """Replace a session that was ended while it was idle."""
        pool_args["pre_ping"] = True

    def engine_created(self, engine: Engine) -> None:
        """Set the settings of each session, among them `synchronous_commit`.

        Dagster commits each event of a run by itself. To wait for the disk each time would take longer than the work.
        A crash of the server can lose the last events of a run's log. Transactions of the product are not affected.
        """
        own = {"search_path": f'"{self._schema}"', "synchronous_commit": "off"}
        _set_in_each_session(engine, {**_select_defaults(engine.url), **REQUIRED_SETTINGS, **own})


sa.dialects.plugins.register(PLUGIN, __name__, RosterSessions.__name__)


def add_schema(url: str, schema: str) -> str:
    """Return the URL with which `create_engine` uses one schema and the sessions of `RosterSessions`."""
    query = {"plugin": PLUGIN, SCHEMA_OPTION: schema}
    return make_url(url).update_query_dict(query, append=True).render_as_string(hide_password=False)


def list_url_settings(url: URL) -> set[str]:
    """Return the names of the settings that the `options` of a URL set, in lower case."""
    options = url.query.get("options", "")
    text = options if isinstance(options, str) else " ".join(options)
    return {name.lower().replace("-", "_") for name in re.findall(r"(?:-c\s*|--)([\w.-]+)\s*=", text)}


def _select_defaults(url: URL) -> dict[str, str]:
    """Return the default settings that the URL does not override."""
    overridden = list_url_settings(url)
    return {name: value for name, value in DEFAULT_SETTINGS.items() if name not in overridden}


def _select_client_options(url: URL) -> dict[str, Any]:
    """Return the client options that the URL does not override."""
    return {name: value for name, value in CLIENT_OPTIONS.items() if name not in url.query}


def _set_in_each_session(engine: Engine, settings: dict[str, str]) -> None:
    """Set some settings at the beginning of every session of an engine, if the server has them."""
    names, values = [*settings, "application_name"], [*settings.values(), APPLICATION]

    def begin(connection: Any, _record: object) -> None:
        is_autocommit, connection.autocommit = connection.autocommit, True
        if hasattr(connection, "set_client_encoding"):  # psycopg2 does not notice the encoding that a statement sets
            connection.set_client_encoding("UTF8")
        with connection.cursor() as cursor:
            cursor.execute(SET_SETTINGS, (names, values))
        connection.autocommit = is_autocommit

    # The listener runs before the one of SQLAlchemy that reads the default schema.
    sa.event.listen(engine, "connect", begin, insert=True)
