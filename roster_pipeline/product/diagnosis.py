"""Checks of the product database that change nothing, for the command doctor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, Text
from sqlalchemy.dialects.postgresql import ARRAY

from roster_pipeline.embedded import product_url
from roster_pipeline.errors import AccessRefused, CannotStart
from roster_pipeline.messages import operator
from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.product.database import MAY_BE_WRITER, transaction
from roster_pipeline.product.refusals import SETTING, Place
from roster_pipeline.product.sessions import check_server, connect
from roster_pipeline.product.tables import SCHEMA, metadata
from roster_pipeline.product.upgrade import is_newest
from roster_pipeline.settings import Settings

PRIVILEGES = ("select", "insert", "update", "delete")


@contextmanager
def open_unmigrated(settings: Settings) -> Iterator[Connection]:
    """Open a transaction on the product database for a `with` block, and migrate nothing.

    Raises:
        ProductUnusable: the server does not answer or refuses.
        CannotStart: a sync cannot work with this server.
    """
    url = product_url(settings)
    setting = SETTING if settings.database_url else "ROSTER_HOME"
    check_server(url, setting)
    engine = connect(url, setting=setting)
    try:
        with transaction(engine) as pg:
            yield pg
    finally:
        engine.dispose()


def describe_tables(pg: Connection) -> str:
    """Return the version and the place of the server, and whether the tables are those of this version.

    Raises:
        ProductUnusable: the tables belong to a newer version of this package.
    """
    server = {"version": pg.execute(sa.text("show server_version")).scalar_one(), "place": Place.of(pg.engine).where}
    state = is_newest(pg)
    if state is None:
        return operator.text("PostgreSQL {version} at {place}. The next command creates the tables.", **server)
    if state:
        return operator.text("PostgreSQL {version} at {place}. The tables are those of this version.", **server)
    return operator.text("PostgreSQL {version} at {place}. The next command upgrades the tables.", **server)


def describe_grants(pg: Connection) -> str:
    """Return with which rights syncs write.

    Raises:
        AccessRefused: the user may not create the schema, or may not write a table.
    """
    place = {"setting": Place.of(pg.engine).setting, "schema": SCHEMA}
    if is_newest(pg) is None:
        if not _may_create_tables(pg):
            raise AccessRefused(
                operator.text(
                    "The user of {setting} may not create schema {schema}. As an administrator of that database: "
                    "create schema {schema} authorization USER.",
                    **place,
                )
            )
        return operator.text("The user may create the tables.")
    refused = _list_refused_tables(pg)
    if refused:
        raise AccessRefused(
            operator.text(
                "The user of {setting} may not read and write {tables}. As the owner of the tables: "
                "call roster.grant_access()",
                setting=place["setting"],
                tables=operator.join(refused),
            )
        )
    if pg.execute(sa.text(MAY_BE_WRITER)).scalar_one():
        return operator.text("The user may read and write the tables. Syncs write as role roster_writer.")
    return operator.text(
        "The user may read and write the tables. Syncs write as this user, because it is not a member of role "
        "roster_writer."
    )


def describe_clock(pg: Connection, now: datetime) -> str:
    """Return how far the clock of this machine is from that of PostgreSQL.

    Raises:
        CannotStart: the clocks differ by more than `CLOCK_TOLERANCE`.
    """
    difference = now - pg.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    seconds = abs(round(difference.total_seconds()))
    if abs(difference) > CLOCK_TOLERANCE:
        raise CannotStart(
            operator.text(
                "The clock of this machine differs from that of PostgreSQL by {seconds:,} seconds, and at most "
                "{most:,} are expected. Set both clocks by NTP.",
                seconds=seconds,
                most=round(CLOCK_TOLERANCE.total_seconds()),
            )
        )
    return operator.count(
        "This machine and PostgreSQL differ by {n:,} second.",
        "This machine and PostgreSQL differ by {n:,} seconds.",
        seconds,
    )


def _may_create_tables(pg: Connection) -> bool:
    """Return whether the user may create the schema, or the tables in it if an administrator has created it."""
    schema = sa.func.to_regnamespace(SCHEMA)
    may_create = sa.func.has_schema_privilege(schema, "create")
    may_create_schema = sa.func.has_database_privilege(sa.func.current_database(), "create")
    return bool(pg.execute(sa.select(sa.case((schema.is_(None), may_create_schema), else_=may_create))).scalar_one())


def _list_refused_tables(pg: Connection) -> list[str]:
    """Return the tables that the user may not read and write."""
    tables = sa.cast(sa.literal(list(metadata.tables), ARRAY(Text)), ARRAY(Text))
    names = sa.func.unnest(tables).column_valued("name")
    table = sa.func.to_regclass(names)
    is_refused = sa.or_(*(~sa.func.has_table_privilege(table, privilege) for privilege in PRIVILEGES))
    return list(pg.execute(sa.select(names).where(table.is_not(None), is_refused).order_by(names)).scalars())
