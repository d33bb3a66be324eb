"""The sandbox as an HTTP server: its routes put together, and the ways to run it.

What is answered is elsewhere.
"""

import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Thread

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from roster_pipeline.errors import CannotStart
from roster_pipeline.sandbox.api.clever_api import CleverApi
from roster_pipeline.sandbox.api.connections import Connections
from roster_pipeline.sandbox.api.control import Control
from roster_pipeline.sandbox.api.faults import Fault, FaultyApp
from roster_pipeline.sandbox.data.district import SandboxDistrict

LOOPBACK = "127.0.0.1"


class AddressTaken(CannotStart):
    """The sandbox cannot listen on this host and port."""


@dataclass(frozen=True)
class SandboxAddress:
    """Where a running sandbox answers; the API and the authorisation host are the same."""

    url: str


def create_app(
    districts: Sequence[SandboxDistrict],
    *,
    client_id: str,
    client_secret: str,
    faults: Iterable[Fault] = (),
    clock: Callable[[], float] = time.time,
    today: Callable[[], datetime] | None = None,
) -> ASGIApp:
    """The application that serves the districts to one client.

    Args:
        districts: served as they are at each request; they may be changed meanwhile.
        client_id: the user of HTTP Basic at `/oauth/tokens`.
        client_secret: its password.
        faults: what goes wrong from the start.
        clock: unix seconds, for the rate limit only.
        today: no school day that is requested later is after it; None: each is a day after the one before.

    Raises:
        FaultUnknown: a fault is of no known kind.
    """
    clever = CleverApi(districts, clock)
    routes = Starlette()
    app = FaultyApp(routes, faults)
    control = Control(districts, app.replace, today)
    routes.router.routes += [
        Route("/oauth/tokens", Connections(districts, client_id, client_secret).answer),
        Route("/sandbox/day", control.day, methods=["POST"]),
        Route("/sandbox/faults", control.faults, methods=["POST"]),
        Route("/{path:path}", clever.answer),
    ]
    return app


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serves until interrupted (Ctrl-C).

    Raises:
        AddressTaken: something else listens there, or the host is not this machine's.
    """
    with listening(host, port) as listener, suppress(KeyboardInterrupt):
        _server(app).run(sockets=[listener])


@contextmanager
def running_sandbox(
    districts: Sequence[SandboxDistrict],
    *,
    client_id: str = "sandbox",
    client_secret: str = "sandbox",  # noqa: S107 - an invented secret of an invented service
    faults: Iterable[Fault] = (),
    clock: Callable[[], float] = time.time,
    today: Callable[[], datetime] | None = None,
    port: int = 0,
) -> Iterator[SandboxAddress]:
    """Serves the districts on a loopback port (0: any free one) from a thread, for as long as the context lasts.

    Raises:
        AddressTaken: something else listens on `port`.
    """
    credentials = {"client_id": client_id, "client_secret": client_secret}
    app = create_app(districts, **credentials, faults=faults, clock=clock, today=today)
    with listening(LOOPBACK, port) as listener:
        server = _server(app)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield SandboxAddress(f"http://{LOOPBACK}:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join()


def _server(app: ASGIApp) -> uvicorn.Server:
    config = uvicorn.Config(
        app, lifespan="off", ws="none", access_log=False, log_level="critical", timeout_graceful_shutdown=1
    )
    return uvicorn.Server(config)


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        AddressTaken: something else listens there, or the host is not this machine's.
    """
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise AddressTaken(
            f"The sandbox cannot listen on {host}:{port} ({error.strerror}); free the port or give another."
        ) from None
