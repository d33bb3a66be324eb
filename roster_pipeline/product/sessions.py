"""How a session with PostgreSQL is opened: what it needs is set by statements, after the server has been looked at.

A start-up parameter would do the same, but poolers refuse it, and it replaces the `options` that the URL has.
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
from roster_pipeline.product.refusals import SETTING, Place, refusal

APPLICATION = "roster-pipeline"
"""What pg_stat_activity shows for sessions of this program, unless the URL says otherwise."""
PLUGIN, SCHEMA_OPTION = "roster", "roster_schema"
NEEDED = {
    "client_encoding": "UTF8",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "search_path": "pg_catalog, pg_temp",
}
"""What statements and drivers take for granted. A role, a database or a URL may say otherwise, and is overruled."""
USUAL = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "6",
}
"""What a sync needs unless the URL says otherwise: it waits for locks, and keeps one session idle for as long as it
lasts. The server notices within two minutes that a machine is gone, and with it the lock of its district."""
NETWORK = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 6}
"""Of the client, in seconds: a firewall that ends idle connections sees one that is not."""
BEGIN = """
    select set_config(name, value, false) from unnest(%s::text[], %s::text[]) as wanted (name, value)
    where current_setting(name, true) is not null and (name <> 'application_name' or current_setting(name) = '')
"""
LOOK = """
    select pg_backend_pid(), pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',
        current_setting('server_encoding')
"""


def connect(url: str, *, setting: str = SETTING) -> Engine:
    """An engine of the product. Nothing is opened until it is used.

    Args:
        url: of SQLAlchemy.
        setting: the variable that an error names.
    """
    engine = sa.create_engine(
        url, pool_pre_ping=True, connect_args=_network(make_url(url)), execution_options={"setting": setting}
    )
    _set_up(engine, {**_usual(engine.url), **NEEDED})
    return engine


@cache
def look_at_server(url: str, setting: str, *, holds_names: bool = True) -> None:
    """Make sure, once a process, that the server can be worked with. No state of a session is changed.

    Args:
        url: of SQLAlchemy.
        holds_names: whether people's names are written there, so that it has to hold UTF-8.

    Raises:
        PoolerRefused: two connections are one session, or one connection is several.
        ServerReadOnly: the server is a replica, or its transactions are read-only.
        EncodingRefused: the database has another encoding than UTF8.
        ProductUnusable: the server does not answer or refuses.
    """
    engine = sa.create_engine(
        url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=_network(make_url(url))
    )
    place = Place(setting, Place.of(engine).where)
    try:
        with engine.connect() as one, engine.connect() as other:
            looks = [tuple(each.exec_driver_sql(LOOK).one()) for each in (one, other, one, other)]
    except (DBAPIError, psycopg.Error) as error:
        raise refusal(place, error) from None
    _judge(place, looks, holds_names=holds_names)


def _judge(place: Place, looks: list[tuple[Any, ...]], *, holds_names: bool) -> None:
    first, second, first_again, second_again = (look[0] for look in looks)
    _, is_replica, is_read_only, encoding = looks[0]
    if first == second or first != first_again or second != second_again:
        raise PoolerRefused(
            f"{place.setting} leads to a pooler that lends one session to several clients ({place.where}, transaction "
            "mode), which strands the lock of a district. Nothing was tried. Use the direct address of PostgreSQL."
        )
    if is_replica or is_read_only:
        what = "is a replica" if is_replica else "takes read-only transactions alone"
        raise ServerReadOnly(
            f"PostgreSQL at {place.where} {what}. Nothing was tried. Set {place.setting} to the primary server, or "
            "let it take writes again."
        )
    if holds_names and encoding != "UTF8":
        raise EncodingRefused(
            f"The database at {place.where} has encoding {encoding}, which cannot hold every name. Nothing was tried. "
            f"Create a database with encoding UTF8 and set {place.setting} to it."
        )


class RosterSessions(CreateEnginePlugin):
    """Lets engines that Dagster makes have sessions as ours are: `?plugin=roster&roster_schema=S` in their URL."""

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        super().__init__(url, kwargs)
        self._schema = str(url.query[SCHEMA_OPTION])
        kwargs["connect_args"] = _network(url) | kwargs.get("connect_args", {})

    def update_url(self, url: URL) -> URL:
        return url.difference_update_query([SCHEMA_OPTION])

    def handle_pool_kwargs(self, pool_cls: type[Any], pool_args: dict[str, Any]) -> None:  # noqa: ARG002
        """A session that was cut while it was idle is replaced."""
        pool_args["pre_ping"] = True

    def engine_created(self, engine: Engine) -> None:
        """Each event of a run is a commit of its own: waiting for the disk at each would take longer than the work. A
        crash of the server can lose the last events of a run's log; transactions of the product are not touched.
        """
        own = {"search_path": f'"{self._schema}"', "synchronous_commit": "off"}
        _set_up(engine, {**_usual(engine.url), **NEEDED, **own})


sa.dialects.plugins.register(PLUGIN, __name__, RosterSessions.__name__)


def in_schema(url: str, schema: str) -> str:
    """The URL with which any `create_engine` works in one schema, in sessions as `RosterSessions` makes them."""
    query = {"plugin": PLUGIN, SCHEMA_OPTION: schema}
    return make_url(url).update_query_dict(query, append=True).render_as_string(hide_password=False)


def given_options(url: URL) -> set[str]:
    """The names of the settings that the `options` of a URL set, in lower case."""
    options = url.query.get("options", "")
    text = options if isinstance(options, str) else " ".join(options)
    return {name.lower().replace("-", "_") for name in re.findall(r"(?:-c\s*|--)([\w.-]+)\s*=", text)}


def _usual(url: URL) -> dict[str, str]:
    given = given_options(url)
    return {name: value for name, value in USUAL.items() if name not in given}


def _network(url: URL) -> dict[str, Any]:
    return {name: value for name, value in NETWORK.items() if name not in url.query}


def _set_up(engine: Engine, wanted: dict[str, str]) -> None:
    """Let every new session of `engine` begin with these settings; those that an older server has not are left out."""
    names, values = [*wanted, "application_name"], [*wanted.values(), APPLICATION]

    def begin(connection: Any, _record: object) -> None:
        is_autocommit, connection.autocommit = connection.autocommit, True
        if hasattr(connection, "set_client_encoding"):  # psycopg2, which does not see it in a statement
            connection.set_client_encoding("UTF8")
        with connection.cursor() as cursor:
            cursor.execute(BEGIN, (names, values))
        connection.autocommit = is_autocommit

    # Before SQLAlchemy looks which schema is the default one.
    sa.event.listen(engine, "connect", begin, insert=True)
