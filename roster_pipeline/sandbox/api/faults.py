"""Faults of the network or of Clever, which tests can let happen at chosen requests."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from re import fullmatch

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roster_pipeline.errors import CannotStart
from roster_pipeline.sandbox.api.answers import refusal

OWN_ROUTES = "/sandbox/"
"""The routes without faults, so that a test can always remove its faults."""
FAILING_PAGE = "<!DOCTYPE html>\n<html><body><h1>We'll be back soon</h1></body></html>\n"


class FaultUnknown(CannotStart):
    """The sandbox has no fault of this kind."""


FaultyHandler = Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]]
"""A function that handles a request in the place of the application, with a fault."""


@dataclass(frozen=True)
class Fault:
    """A fault that happens at chosen requests.

    Attributes:
        path_prefix: the start of the path and query of the requests, such as `/v3.1/users?role=student`.
        nth: the number of the request at which the fault happens, from 1 on; 0 is every request.
        kind: `STATUS`: a status such as `503`, with a JSON error; `429` has no body.
            `html`: status 200 with a web page.
            `empty`: status 200 without a body.
            `cut`: the first half of the body, with the matching length.
            `drop`: the connection ends in the middle of the body.
            `delay:SECONDS`: the right response, later.
    """

    path_prefix: str
    nth: int
    kind: str


@dataclass
class _Armed:
    """A fault with the number of requests that it has counted."""

    fault: Fault
    handler: FaultyHandler
    seen: int = 0

    def count_request(self, target: str) -> bool:
        """Count a request if it has the prefix of the fault, and return whether the fault happens at it."""
        if not target.startswith(self.fault.path_prefix):
            return False
        self.seen += 1
        return self.fault.nth in (0, self.seen)


class FaultyApp:
    """An ASGI application that lets faults happen in front of another application."""

    def __init__(self, app: ASGIApp, faults: Iterable[Fault]) -> None:
        self._app = app
        self.replace(faults)

    def replace(self, faults: Iterable[Fault]) -> None:
        """Replace all faults, and start to count again.

        Raises:
            FaultUnknown: `Fault` documents no such kind.
        """
        self._armed = [_Armed(fault, _make_handler(fault.kind)) for fault in faults]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, as ASGI defines it. Every fault counts the request. The first one that is due happens."""
        can_fail = not scope["path"].startswith(OWN_ROUTES)
        due = [armed for armed in self._armed if can_fail and armed.count_request(_target(scope))]
        if due:
            await due[0].handler(self._app, scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _target(scope: Scope) -> str:
    """Return the path of a request with its query."""
    query = scope["query_string"].decode()
    return f"{scope['path']}?{query}" if query else str(scope["path"])


def _make_handler(kind: str) -> FaultyHandler:
    """Return the handler for a kind of fault."""
    if fullmatch(r"[1-5][0-9]{2}", kind):
        status = int(kind)
        return _respond_with(Response(status_code=429) if status == 429 else refusal(status, "Injected fault"))
    if fullmatch(r"delay:[0-9]+(\.[0-9]+)?", kind):
        return _delay(float(kind.partition(":")[2]))
    handlers = {
        "html": _respond_with(Response(FAILING_PAGE, media_type="text/html")),
        "empty": _respond_with(Response()),
        "cut": _cut,
        "drop": _drop,
    }
    if kind not in handlers:
        raise FaultUnknown(f"No fault is called {kind!r}. Use a status, html, empty, cut, drop or delay:SECONDS.")
    return handlers[kind]


def _respond_with(response: Response) -> FaultyHandler:
    """Return a handler that sends a fixed response."""

    async def handle(_app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await response(scope, receive, send)

    return handle


def _delay(seconds: float) -> FaultyHandler:
    """Return a handler that sends the right response after a delay."""

    async def handle(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(seconds)
        await app(scope, receive, send)

    return handle


async def _cut(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the first half of the body, with the length of that half."""
    start, body = await _read_response(app, scope, receive)
    half = body[: len(body) // 2]
    headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    await send({**start, "headers": [*headers, (b"content-length", str(len(half)).encode())]})
    await send({"type": "http.response.body", "body": half})


async def _drop(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Send half of the body, and let the connection end there."""
    start, body = await _read_response(app, scope, receive)
    await send(start)
    # The server closes the connection, because the rest of the body never follows.
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


async def _read_response(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    """Let the application answer a request, and return the start of its response and the body."""
    messages: list[Message] = []

    async def collect(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, collect)
    return messages[0], b"".join(message.get("body", b"") for message in messages[1:])
