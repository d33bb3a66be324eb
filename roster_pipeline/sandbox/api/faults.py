"""Faults on request: what the network or Clever may do wrong, at a chosen request.

The contract itself is elsewhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from re import fullmatch

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roster_pipeline.errors import CannotStart
from roster_pipeline.sandbox.api.answers import refusal

OWN_ROUTES = "/sandbox/"
"""Never faulty, so that a test can always take its faults back."""
FAILING_PAGE = "<!DOCTYPE html>\n<html><body><h1>We'll be back soon</h1></body></html>\n"


class FaultUnknown(CannotStart):
    """The sandbox has no fault of this kind."""


Happening = Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]]
"""What is done with a request instead of just answering it."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        path_prefix: the start of the path and query that it concerns, such as `/v3.1/users?role=student`.
        nth: which of those requests, from 1 on; 0 is every one.
        kind: a status (`503`; `429` has no body, others a JSON error), `html` (200 with a web page), `empty`
        (200
            without a body), `cut` (half of the body, well delivered), `drop` (the connection ends in mid-
            body), or `delay:SECONDS` (the right answer, late).
    """

    path_prefix: str
    nth: int
    kind: str


@dataclass
class _Armed:
    """A fault, and how many of its requests have come."""

    fault: Fault
    happening: Happening
    seen: int = 0

    def is_due(self, target: str) -> bool:
        if not target.startswith(self.fault.path_prefix):
            return False
        self.seen += 1
        return self.fault.nth in (0, self.seen)


class FaultyApp:
    """An ASGI application in front of another, in which the given faults happen."""

    def __init__(self, app: ASGIApp, faults: Iterable[Fault]) -> None:
        self._app = app
        self.replace(faults)

    def replace(self, faults: Iterable[Fault]) -> None:
        """These faults and no others; counting starts again.

        Raises:
            FaultUnknown: a kind is not one of those that `Fault` names.
        """
        self._armed = [_Armed(fault, _happening(fault.kind)) for fault in faults]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, as ASGI has it. Every fault counts it; the first that is due happens."""
        faulty = not scope["path"].startswith(OWN_ROUTES)
        due = [armed for armed in self._armed if faulty and armed.is_due(_target(scope))]
        if due:
            await due[0].happening(self._app, scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _target(scope: Scope) -> str:
    query = scope["query_string"].decode()
    return f"{scope['path']}?{query}" if query else str(scope["path"])


def _happening(kind: str) -> Happening:
    if fullmatch(r"[1-5][0-9]{2}", kind):
        status = int(kind)
        return _instead(Response(status_code=429) if status == 429 else refusal(status, "Injected fault"))
    if fullmatch(r"delay:[0-9]+(\.[0-9]+)?", kind):
        return _late(float(kind.partition(":")[2]))
    named = {
        "html": _instead(Response(FAILING_PAGE, media_type="text/html")),
        "empty": _instead(Response()),
        "cut": _cut,
        "drop": _drop,
    }
    if kind not in named:
        raise FaultUnknown(f"No fault is called {kind!r}; use a status, html, empty, cut, drop or delay:SECONDS.")
    return named[kind]


def _instead(answer: Response) -> Happening:
    async def happen(_app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await answer(scope, receive, send)

    return happen


def _late(seconds: float) -> Happening:
    async def happen(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(seconds)
        await app(scope, receive, send)

    return happen


async def _cut(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    start, body = await _answer_of(app, scope, receive)
    half = body[: len(body) // 2]
    headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    await send({**start, "headers": [*headers, (b"content-length", str(len(half)).encode())]})
    await send({"type": "http.response.body", "body": half})


async def _drop(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    start, body = await _answer_of(app, scope, receive)
    await send(start)
    # More is promised and never comes: the server then closes the connection.
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


async def _answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, keep)
    return sent[0], b"".join(message.get("body", b"") for message in sent[1:])
