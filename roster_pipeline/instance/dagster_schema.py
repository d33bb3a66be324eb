"""Where Dagster keeps its tables: in schema `roster_dagster`, or where an older installation has them already.

An application's own tables may stand in the same database under names that Dagster uses too, such as `runs`, `jobs` or
`alembic_version`. They are neither touched nor taken for Dagster's.
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
from roster_pipeline.product.refusals import SETTING, Place, refusal, where
from roster_pipeline.product.sessions import connect, given_options, in_schema, look_at_server
from roster_pipeline.product.upgrade import ensure_schema
from roster_pipeline.settings import Settings

SCHEMA, DAGSTER_SETTING = "roster_dagster", "ROSTER_DAGSTER_DATABASE_URL"
LOCK = "roster:dagster"
OWN_COLUMNS = {
    "runs": {"run_id", "snapshot_id", "pipeline_name", "status", "run_body"},
    "event_logs": {"run_id", "event", "dagster_event_type", "step_key"},
}
"""Columns of two of Dagster's tables, by which a schema is known to hold them: names of tables prove nothing."""
COLUMNS = """
    select t.relname, c.attname
    from pg_class as t inner join pg_attribute as c on c.attrelid = t.oid
    where t.relnamespace = to_regnamespace(quote_ident(:schema)) and t.relkind in ('r', 'p')
        and t.relname = any(:tables) and c.attnum > 0 and not c.attisdropped
"""


def dagster_place(settings: Settings) -> str:
    """The SQLAlchemy URL of Dagster's tables, in their schema, which is there afterwards.

    Raises:
        ProductUnusable: the server does not answer or refuses.
        CannotStart: it is none that can be worked with: a replica or a pooler.
    """
    url, setting = dagster_url(settings), setting_of(settings)
    look_at_server(url, setting, holds_names=False)
    with opened(url, setting) as engine, transaction(engine, lock_seconds=0) as pg:
        return in_schema(url, _schema(pg, url, is_own=settings.dagster_database_url is not None))


@contextmanager
def opened(url: str, setting: str) -> Iterator[Engine]:
    """An engine for as long as the block lasts."""
    engine = connect(url, setting=setting)
    try:
        yield engine
    finally:
        engine.dispose()


def explain(settings: Settings, error: Exception) -> RosterError:
    """What a failure of Dagster's storage means, in one line.

    Args:
        error: of SQLAlchemy, or of dagster-postgres, which gave up trying.
    """
    place = Place(setting_of(settings), where(make_url(dagster_url(settings))))
    cause = refusal(place, error if isinstance(error, SQLAlchemyError) else error.__cause__)
    return type(cause)(f"{cause} The run may look unfinished in the Dagster UI; the product is whole.")


def setting_of(settings: Settings) -> str:
    """The variable that names Dagster's database."""
    if settings.dagster_database_url:
        return DAGSTER_SETTING
    return SETTING if settings.database_url else "ROSTER_HOME"


def _schema(pg: Connection, url: str, *, is_own: bool) -> str:
    """The schema of Dagster's tables.

    Args:
        is_own: whether the URL is Dagster's alone: then a search_path in its options decides.
    """
    pg.execute(sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": LOCK})
    path = _search_path(pg)
    if is_own and "search_path" in given_options(make_url(url)):
        if not path:
            raise SettingRefused(
                f"The search_path in {DAGSTER_SETTING} names no schema that is there. Nothing was changed. Create the "
                "schema, or take search_path out of the URL; then run again."
            )
        return path[0]
    for schema in (SCHEMA, *path, "public"):
        if _holds_dagster(pg, schema):
            return schema
    ensure_schema(pg, SCHEMA)
    return SCHEMA


def _holds_dagster(pg: Connection, schema: str) -> bool:
    found: dict[str, set[str]] = {}
    for table, column in pg.execute(sa.text(COLUMNS), {"schema": schema, "tables": list(OWN_COLUMNS)}):
        found.setdefault(table, set()).add(column)
    return all(columns <= found.get(table, set()) for table, columns in OWN_COLUMNS.items())


def _search_path(pg: Connection) -> list[str]:
    """The schemas in which the user's sessions look for tables, unless the program says otherwise."""
    usual = pg.execute(sa.text("select reset_val from pg_settings where name = 'search_path'")).scalar_one()
    pg.execute(sa.text("select set_config('search_path', :usual, true)"), {"usual": usual})
    return list(pg.execute(sa.text("select current_schemas(false)::text[]")).scalar_one())
