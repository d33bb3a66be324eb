"""Choose the PostgreSQL server: the one that the settings name, or the server that comes with the package.

The embedded server has its data under ROSTER_HOME and listens on a Unix socket only. It stops with the last process
that uses it.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import SecretStr

from roster_pipeline.embedded.server import Server
from roster_pipeline.errors import SettingRefused
from roster_pipeline.settings import Settings


def product_url(settings: Settings) -> str:
    """Return the SQLAlchemy URL (psycopg 3) of the product database. Start the embedded server if none is set.

    Raises:
        ProductUnusable: the embedded server does not start.
    """
    return _url(settings, settings.database_url, "psycopg")


def dagster_url(settings: Settings) -> str:
    """Return the SQLAlchemy URL of Dagster's database. It names psycopg2, the only driver of dagster-postgres.

    Raises:
        ProductUnusable: the embedded server does not start.
    """
    return _url(settings, settings.dagster_database_url or settings.database_url, "psycopg2")


def stop_if_last(settings: Settings) -> None:
    """Stop the embedded server if one runs and no other process uses it."""
    if not settings.database_url and settings.postgres_folder.exists():
        Server(settings.postgres_folder).leave()


def _url(settings: Settings, given: SecretStr | None, driver: str) -> str:
    """Return a given URL, or that of the embedded server, with a driver of SQLAlchemy."""
    url = given.get_secret_value() if given else _start(settings)
    return f"postgresql+{driver}{url[len(urlsplit(url).scheme) :]}"


def _start(settings: Settings) -> str:
    """Start the embedded server, and return its URL.

    Raises:
        SettingRefused: the path of ROSTER_HOME has a character that the server cannot have in its path.
    """
    if not re.fullmatch(r"[\w./+-]+", str(settings.postgres_folder)):
        raise SettingRefused(
            "ROSTER_HOME has a character that the embedded PostgreSQL cannot have in its path. Use letters, "
            "digits and . _ - + only, or set ROSTER_DATABASE_URL to a server of your own."
        )
    return Server(settings.postgres_folder).start()
