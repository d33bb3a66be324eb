"""The PostgreSQL schema of Dagster's tables: `roster_dagster`, or the schema in which an installation has them already.

An application may have tables in the same database whose names Dagster uses too, such as `runs`, `jobs` or
`alembic_version`. Columns tell Dagster's tables from these, and these are never changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from roster_pipeline.embedded import dagster_url
from roster_pipeline.errors import RosterError, SettingRefused
from roster_pipeline.product.database import transaction
from roster_pipeline.product.refusals import SETTING, Place, format_address, translate_error
from roster_pipeline.product.sessions import add_schema, check_server, connect, list_url_settings
from roster_pipeline.product.upgrade import ensure_schema
from roster_pipeline.settings import Settings

SCHEMA, DAGSTER_SETTING = "roster_dagster", "ROSTER_DAGSTER_DATABASE_URL"
SCHEMA_LOCK = "roster:dagster"
"""The advisory lock under which the schema is found or created."""
DAGSTER_COLUMNS = {
    "runs": {"run_id", "snapshot_id", "pipeline_name", "status", "run_body"},
    "event_logs": {"run_id", "event", "dagster_event_type", "step_key"},
}
"""Columns of two of Dagster's tables. A schema with these tables and columns holds Dagster's tables."""
COLUMNS_IN_SCHEMA = """
    select t.relname, c.attname
    from pg_class as t inner join pg_attribute as c on c.attrelid = t.oid
    where t.relnamespace = to_regnamespace(quote_ident(:schema)) and t.relkind in ('r', 'p')
        and t.relname = any(:tables) and c.attnum > 0 and not c.attisdropped
"""


def dagster_place(settings: Settings) -> str:
    """Create the schema of Dagster's tables if it is missing, and return its SQLAlchemy URL.

    Raises:
        ProductUnusable: the server does not answer or refuses the connection.
        CannotStart: the server is a replica or a pooler.
        SettingRefused: the URL names a schema that does not exist.
    """
    url, setting = dagster_url(settings), setting_of(settings)
    check_server(url, setting, holds_names=False)
    with open_engine(url, setting) as engine, transaction(engine, lock_seconds=0) as pg:
        return add_schema(url, _schema(pg, url, is_own=settings.dagster_database_url is not None))


def find_dagster_place(settings: Settings) -> str | None:
    """Return the SQLAlchemy URL of Dagster's tables as `dagster_place` does, or None if they do not exist yet."""
    url, setting = dagster_url(settings), setting_of(settings)
    check_server(url, setting, holds_names=False)
    with open_engine(url, setting) as engine, transaction(engine, lock_seconds=0) as pg:
        schema = _find_schema(pg, url, is_own=settings.dagster_database_url is not None)
        return add_schema(url, schema) if schema and _holds_dagster(pg, schema) else None


@contextmanager
def open_engine(url: str, setting: str) -> Iterator[Engine]:
    """Open an engine for a `with` block, and dispose of it at the end."""
    engine = connect(url, setting=setting)
    try:
        yield engine
    finally:
        engine.dispose()


def explain_storage_error(settings: Settings, error: Exception) -> RosterError:
    """Return an error that explains a failure of Dagster's storage in one line.

    Args:
        settings: the settings, which name Dagster's database.
        error: an error of SQLAlchemy, or of dagster-postgres after its last retry.
    """
    place = Place(setting_of(settings), format_address(make_url(dagster_url(settings))))
    cause = translate_error(place, error if isinstance(error, SQLAlchemyError) else error.__cause__)
    return type(cause)(f"{cause} The run may look unfinished in the Dagster UI. No partial changes were made.")


def setting_of(settings: Settings) -> str:
    """Return the name of the variable that sets Dagster's database."""
    if settings.dagster_database_url:
        return DAGSTER_SETTING
    return SETTING if settings.database_url else "ROSTER_HOME"


def _schema(pg: Connection, url: str, *, is_own: bool) -> str:
    """Find the schema of Dagster's tables, or create it."""
    pg.execute(sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": SCHEMA_LOCK})
    schema = _find_schema(pg, url, is_own=is_own)
    if schema is None:
        ensure_schema(pg, SCHEMA)
    return schema or SCHEMA


def _find_schema(pg: Connection, url: str, *, is_own: bool) -> str | None:
    """Return the schema of Dagster's tables, or None if no schema has them.

    Args:
        pg: a connection to Dagster's database.
        url: the URL of that database.
        is_own: whether the URL is set for Dagster alone. A search_path in its options then decides.

    Raises:
        SettingRefused: the search_path names no schema that exists.
    """
    path = _search_path(pg)
    if is_own and "search_path" in list_url_settings(make_url(url)):
        if not path:
            raise SettingRefused(
                f"The search_path in {DAGSTER_SETTING} names no schema that exists. Nothing was changed. Create the "
                "schema, or remove search_path from the URL. Then run again."
            )
        return path[0]
    return next((schema for schema in (SCHEMA, *path, "public") if _holds_dagster(pg, schema)), None)


def _holds_dagster(pg: Connection, schema: str) -> bool:
    """Return whether a schema holds Dagster's tables."""
    present: dict[str, set[str]] = {}
    for table, column in pg.execute(sa.text(COLUMNS_IN_SCHEMA), {"schema": schema, "tables": list(DAGSTER_COLUMNS)}):
        present.setdefault(table, set()).add(column)
    return all(columns <= present.get(table, set()) for table, columns in DAGSTER_COLUMNS.items())


def _search_path(pg: Connection) -> list[str]:
    """Return the existing schemas of the user's default search_path."""
    usual = pg.execute(sa.text("select reset_val from pg_settings where name = 'search_path'")).scalar_one()
    pg.execute(sa.text("select set_config('search_path', :usual, true)"), {"usual": usual})
    return list(pg.execute(sa.text("select current_schemas(false)::text[]")).scalar_one())
