"""Build the sandbox's application, and run it as an HTTP server."""

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
from roster_pipeline.sandbox.api.google import Google
from roster_pipeline.sandbox.api.logins import Logins, PersonApi
from roster_pipeline.sandbox.data.district import SandboxDistrict

LOOPBACK = "127.0.0.1"


class AddressTaken(CannotStart):
    """The sandbox cannot listen on this host and port."""


@dataclass(frozen=True)
class SandboxAddress:
    """The URL of a running sandbox, for the API and for the tokens."""

    url: str


def create_app(
    districts: Sequence[SandboxDistrict],
    *,
    client_id: str,
    client_secret: str,
    faults: Iterable[Fault] = (),
    clock: Callable[[], float] = time.time,
    login_clock: Callable[[], float] = time.time,
    today: Callable[[], datetime] | None = None,
) -> ASGIApp:
    """Return the application that serves districts to one client.

    Args:
        districts: the districts. Each request sees their present state.
        client_id: the user name at `/oauth/tokens` (HTTP Basic).
        client_secret: the password at `/oauth/tokens`.
        faults: the faults from the start.
        clock: returns Unix seconds for the rate limit.
        login_clock: returns Unix seconds for the age of the code of a login.
        today: returns the latest time that a school day may have. Without it, each day is one later than the last.

    Raises:
        FaultUnknown: a fault has an unknown kind.
    """
    logins = Logins(districts, client_id, login_clock)
    people = PersonApi(logins, CleverApi(districts, clock).answer)
    connections = Connections(districts, client_id, client_secret)
    routes = Starlette()
    app = FaultyApp(routes, faults)
    control = Control(districts, app.replace, today)
    routes.router.routes += [
        Route("/oauth/tokens", connections.answer),
        Route("/oauth/tokens", connections.guard(logins.exchange), methods=["POST"]),
        Route("/oauth/authorize", logins.authorize),
        *Google(districts, client_id, client_secret, login_clock).routes,
        Route("/sandbox/day", control.day, methods=["POST"]),
        Route("/sandbox/faults", control.faults, methods=["POST"]),
        Route("/{path:path}", people.answer),
    ]
    return app


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve an application until Ctrl-C.

    Raises:
        AddressTaken: another program listens there, or the host is not this machine's.
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
    login_clock: Callable[[], float] = time.time,
    today: Callable[[], datetime] | None = None,
    port: int = 0,
) -> Iterator[SandboxAddress]:
    """Serve districts on loopback from a thread during a `with` block. Port 0 means any free port.

    Raises:
        AddressTaken: another program listens on the port.
    """
    credentials = {"client_id": client_id, "client_secret": client_secret}
    app = create_app(districts, **credentials, faults=faults, clock=clock, login_clock=login_clock, today=today)
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
    """Return the HTTP server of an application, without logs."""
    config = uvicorn.Config(
        app, lifespan="off", ws="none", access_log=False, log_level="critical", timeout_graceful_shutdown=1
    )
    return uvicorn.Server(config)


def listening(host: str, port: int) -> socket.socket:
    """Open a socket that listens on a host and port.

    Raises:
        AddressTaken: another program listens there, or the host is not this machine's.
    """
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise AddressTaken(
            f"The sandbox cannot listen on {host}:{port} ({error.strerror}). Free the port or give another."
        ) from None
