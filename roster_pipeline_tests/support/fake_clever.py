"""Provide a fake Clever that one function answers, and a clock that only a sleep moves."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx

from roster_pipeline.extract.client import CleverAccess, CleverClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DISTRICT = "58da8a43cc70ab00017a1a87"
OTHER = "58da8a43cc70ab00017a1a88"
TOKEN = "token-that-nobody-may-see"
SECRET = "secret-that-nobody-may-see"
ACCESS = CleverAccess("https://api.clever.com", "https://clever.com", "v3.1", "client", SECRET)


@dataclass
class Time:
    """A clock that moves only when the code under test sleeps."""

    now: float = 1_700_000_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


@dataclass
class FakeClever:
    """A fake Clever that returns a token for every district and lists from `answer`. It records the requests."""

    answer: Callable[[httpx.Request], httpx.Response]
    districts: tuple[str, ...] = (DISTRICT,)
    described: dict[str, object] = field(
        default_factory=lambda: {"id": DISTRICT, "name": "Example ISD", "state": "running"}
    )
    asked: list[httpx.Request] = field(default_factory=list)
    time: Time = field(default_factory=Time)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/tokens":
            return httpx.Response(200, json=self.tokens(request.url.params.get("district")))
        if "/districts/" in request.url.path:
            return httpx.Response(200, json={"data": self.described, "links": []})
        self.asked.append(request)
        return self.answer(request)

    def tokens(self, district: str | None) -> dict[str, object]:
        shown = [each for each in self.districts if district in (None, each)]
        owners = [{"type": "district", "id": each} for each in shown]
        return {"data": [{"owner": owner, "access_token": TOKEN} for owner in owners], "links": []}

    def client(self, access: CleverAccess = ACCESS, *, over_network: bool = False) -> CleverClient:
        return CleverClient(
            access,
            transport=None if over_network else httpx.MockTransport(self),
            sleep=self.time.sleep,
            clock=self.time.clock,
            random=lambda: 0.5,
        )


CUT = {"X-Cut": "1"}
"""Headers of an answer that ends before its length."""


@contextmanager
def over_http(clever: FakeClever) -> Iterator[CleverAccess]:
    """Serve the same fake Clever over a real socket."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = clever(httpx.Request("GET", f"http://{self.headers['Host']}{self.path}"))
            self.send_response(answer.status_code)
            for name in ("Content-Type", "Content-Length", "Content-Encoding", "X-RateLimit-Reset"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.end_headers()
            sent = b"".join(answer.stream)
            self.close_connection = "X-Cut" in answer.headers
            self.wfile.write(sent[: len(sent) // 2] if self.close_connection else sent)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield CleverAccess(url, url, "v3.1", "client", SECRET)
        server.shutdown()


def oid(number: int) -> str:
    """Return the Clever id for a number. The ids ascend with their numbers."""
    return f"{number:024x}"


def page(records: list[dict[str, object]], following: str | None = None) -> httpx.Response:
    """Return a page of records, with a link to the next page if there is one."""
    return httpx.Response(200, content=body(records, following), headers={"Content-Type": "application/json"})


def body(records: list[dict[str, object]], following: str | None = None) -> bytes:
    links = [{"rel": "self", "uri": "/v3.1/here"}]
    if following is not None:
        links.append({"rel": "next", "uri": following})
    wrapped = [{"data": record, "uri": "/v3.1/there"} for record in records]
    return json.dumps({"data": wrapped, "links": links}).encode()
