"""Brings schema `roster` of the product database to the newest revision."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from roster_pipeline.errors import AccessRefused, ProductUnusable
from roster_pipeline.product.comments import write_comments
from roster_pipeline.product.migrations.sql_files import REPEATED_FILES, run_sql_file
from roster_pipeline.product.refusals import OWN_SQLSTATES, PRIVILEGE, Place, read_sqlstate
from roster_pipeline.product.tables import SCHEMA, metadata

log = logging.getLogger(__name__)
BASELINE = "0021"
OLDEST_REVISION = "0013"
"""The revision of the first release. The baseline replaces the revisions from here on and those before."""


def upgrade_schema(connection: Connection) -> None:
    """Bring schema `roster` to the newest revision, in the transaction of `connection`.

    Raises:
        ProductUnusable: the tables belong to a newer version of this package, or they are too old.
        AccessRefused: the schema is missing, and the user may not create it.
    """
    config = _build_config()
    config.attributes["connection"] = connection
    ensure_schema(connection, SCHEMA)
    with _notices_logged(connection):
        before = _read_revision(connection)
        _upgrade_to_baseline(connection, before)
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise _unknown_revision(connection) from None
        if _read_revision(connection) != before:
            for name in REPEATED_FILES:
                run_sql_file(name, connection)
            write_comments(connection, metadata)


def is_newest(connection: Connection) -> bool | None:
    """Return whether the database is at the newest revision, or None if it has no tables of this package.

    Raises:
        ProductUnusable: the tables belong to a newer version of this package.
    """
    revision, revisions = _read_revision(connection), ScriptDirectory.from_config(_build_config())
    if revision is None:
        return None
    if revision >= BASELINE and revision not in {script.revision for script in revisions.walk_revisions()}:
        raise _unknown_revision(connection)
    return revision == revisions.get_current_head()


def _build_config() -> Config:
    """Return Alembic's configuration, which names the folder of the revisions."""
    config = Config()
    config.set_main_option("script_location", str(files("roster_pipeline.product") / "migrations"))
    return config


def _unknown_revision(connection: Connection) -> ProductUnusable:
    return ProductUnusable(
        f"The tables at {Place.of(connection.engine).where} were made by a newer version of this package, or by none. "
        "Nothing was changed. Install the version that made them, or use another database."
    )


def ensure_schema(connection: Connection, schema: str) -> None:
    """Create a schema unless it exists. The user needs no right to create one if it exists.

    Raises:
        AccessRefused: the schema is missing, and the user may not create it.
    """
    if connection.execute(sa.select(sa.func.to_regnamespace(sa.func.quote_ident(schema)))).scalar():
        return
    try:
        connection.execute(sa.schema.CreateSchema(schema))
    except DBAPIError as error:
        if read_sqlstate(error.orig) != PRIVILEGE:
            raise
        place = Place.of(connection.engine)
        raise AccessRefused(
            f"The user of {place.setting} may not make schema {schema} in {place.where}. Nothing was changed. As an "
            f"administrator of that database: create schema {schema} authorization USER; then run again."
        ) from None


def _read_revision(connection: Connection) -> str | None:
    """Return the revision of the database, or None if it has no tables of this package."""
    versions = sa.table("alembic_version", sa.column("version_num"), schema=SCHEMA)
    if not sa.inspect(connection).has_table(versions.name, schema=SCHEMA):
        return None
    return connection.execute(sa.select(versions.c.version_num)).scalar()


def _upgrade_to_baseline(connection: Connection, revision: str | None) -> None:
    """Bring a database that is older than the baseline to the baseline.

    Raises:
        ProductUnusable: the database is older than the first release.
    """
    if revision is None or revision >= BASELINE:
        return
    if revision < OLDEST_REVISION:
        raise ProductUnusable(
            f"The tables at {Place.of(connection.engine).where} are at revision {revision}, which no release had. "
            "Nothing was changed. Use another database."
        )
    run_sql_file("upgrade_to_baseline.sql", connection)
    versions = sa.table("alembic_version", sa.column("version_num"), schema=SCHEMA)
    connection.execute(versions.update().values(version_num=BASELINE))


@contextmanager
def _notices_logged(connection: Connection) -> Iterator[None]:
    """Log as a warning each notice of a migration that is for the operator (SQLSTATE class RS)."""

    def warn(notice: psycopg.errors.Diagnostic) -> None:
        if str(notice.sqlstate).startswith(OWN_SQLSTATES):
            log.warning("%s", notice.message_primary)

    driver: Any = connection.connection.driver_connection
    driver.add_notice_handler(warn)
    try:
        yield
    finally:
        driver.remove_notice_handler(warn)
