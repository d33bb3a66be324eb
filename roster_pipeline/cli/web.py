"""The command web: serve the Clever page."""

from __future__ import annotations

import os
import secrets
import signal
from typing import Annotated, Any

import typer
import uvicorn
from uvicorn.importer import import_from_string

from roster_pipeline.cli.local import refuse_taken
from roster_pipeline.cli.screen import say
from roster_pipeline.messages import operator
from roster_pipeline.sandbox.api.server import LOOPBACK
from roster_pipeline.settings import LOOPBACK_HOSTS, Settings, read_settings

APP = "roster_pipeline.web.app:create_app_from_environment"
"""The server loads the page by this name in each worker. No command imports the page."""
STOP_SECONDS = 5
START_SECONDS = 120
"""How long a worker may give no sign of life. On a busy machine it takes long to load, and the server would end it."""
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(message)s"}},
    "handlers": {"terminal": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "roster_pipeline.web": {"handlers": ["terminal"], "level": "INFO", "propagate": False},
        # A traceback of the server can quote a row.
        "uvicorn": {"level": "CRITICAL"},
    },
}
"""The page logs the pattern of a route and never an address, which can hold a code of a login."""


def register(app: typer.Typer) -> None:
    app.command("web")(web)


def web(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port on 127.0.0.1; by default ROSTER_WEB_PORT, or 3001.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that serve the page.")] = 1,
) -> None:
    """Serve the Clever page on this machine until stopped with Ctrl-C."""
    settings = _prepare_settings(read_settings(), port)
    refuse_taken(settings.web_port, "--port")
    # A worker that fails would be started again and again, so this process builds the page first.
    app = import_from_string(APP)()
    say(operator.text("The Clever page is on {url}. Ctrl-C stops it.", url=str(settings.web_url).rstrip("/")))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    uvicorn.run(
        app if workers == 1 else APP,
        factory=workers > 1,
        workers=workers,
        host=LOOPBACK,
        port=settings.web_port,
        access_log=False,
        server_header=False,
        log_config=LOGGING,
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_worker_healthcheck=START_SECONDS,
    )


def _prepare_settings(settings: Settings, port: int | None) -> Settings:
    """Return the settings of the page, and put them into the environment for its workers.

    On this machine alone the address follows the port, and a random secret serves if none is set. The logins that have
    begun then end with the program.
    """
    if port is not None:
        os.environ["ROSTER_WEB_PORT"] = str(port)
    if "web_url" not in settings.model_fields_set:
        os.environ["ROSTER_WEB_URL"] = f"http://{LOOPBACK}:{port or settings.web_port}"
    if settings.web_secret is None and settings.web_url.host in LOOPBACK_HOSTS:
        os.environ["ROSTER_WEB_SECRET"] = secrets.token_urlsafe(32)
    return read_settings()
