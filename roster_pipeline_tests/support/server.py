"""Start one embedded PostgreSQL server with a migrated database to copy."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import sqlalchemy as sa

from roster_pipeline.embedded import product_url, stop_if_last
from roster_pipeline.product.database import connect, migrate
from roster_pipeline.settings import Settings

MEMORY = Path("/dev/shm")
"""Where Linux has files in memory. A sync of a tiny district waits longer for the disk than it works."""
ENOUGH = 4 * 2**30
"""Bytes."""
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH:
    tempfile.tempdir = str(MEMORY)
TEMPLATE = "migrated"


@contextmanager
def migrated_server() -> Iterator[str]:
    """Start an embedded server with a migrated database for the duration of the context. Yield its SQLAlchemy URL.

    Not under pytest's own folder: each session closes that to the user whom the server runs as.
    """
    home = Path(mkdtemp(prefix="roster-tests-"))
    settings = Settings(home=home, database_url=None)
    url = product_url(settings)
    try:
        # A machine that stops could lose what is not on the disk yet; a server that is killed loses nothing.
        for statement in ("alter system set fsync = off", "select pg_reload_conf()"):
            execute_apart(url, statement)
        execute_apart(url, f"create database {TEMPLATE}")
        template = connect(named(url, TEMPLATE))
        migrate(template)
        template.dispose()
        yield url
    finally:
        stop_if_last(settings)
        shutil.rmtree(home, ignore_errors=True)


def named(url: str, database: str) -> str:
    """Return the URL of another database on the same server."""
    return sa.make_url(url).set(database=database).render_as_string(hide_password=False)


def execute_apart(url: str, statement: str) -> None:
    """Run one statement outside of a transaction."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
