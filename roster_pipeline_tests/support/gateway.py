"""Put a gateway between Clever and the sync that alters the answers, and check how the sync ends."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from roster_pipeline.sync_errors import failure_line
from roster_pipeline_tests.support.district import CLIENT_SECRET
from roster_pipeline_tests.support.readers import contents, last_sync, query, row_versions


@dataclass(frozen=True)
class Answer:
    """An answer as bytes: `pieces` in their order. They are sent in chunks unless the headers have a length."""

    pieces: Iterable[bytes]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


Alter = Callable[[httpx.URL, bytes], Answer | None]
"""From what was asked for and Clever's own answer to what is sent instead; None: Clever's own."""


@contextmanager
def through(clever, alter: Alter) -> Iterator[None]:
    """Send every further answer through a gateway that alters it."""
    with httpx.Client(base_url=clever.url) as beyond, ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.beyond, server.alter = beyond, alter
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("ROSTER_CLEVER_API_URL", f"http://127.0.0.1:{server.server_port}")
            yield
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        passed_on = self.server.beyond.get(self.path, headers={"Authorization": self.headers["Authorization"]})
        altered = self.server.alter(httpx.URL(self.path), passed_on.content)
        answer = altered or Answer([passed_on.content], passed_on.status_code)
        chunked = "Content-Length" not in answer.headers
        self.send_response(answer.status)
        for name, value in {**answer.headers, **({"Transfer-Encoding": "chunked"} if chunked else {})}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):  # whoever asked may have given up
            for piece in filter(None, answer.pieces):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            self.wfile.write(b"0\r\n\r\n" if chunked else b"")
        self.close_connection = True

    def log_message(self, *_):
        pass


def page(data: list, following: str | None = None) -> Answer:
    """Return a page of a list, with a link to the next page if one is given."""
    links = [{"rel": "self", "uri": "/"}, *([] if following is None else [{"rel": "next", "uri": following}])]
    return Answer([json.dumps({"data": data, "links": links}).encode()])


def refused(sync, product, town, code=4) -> str:
    """Return the one line of a failed sync. Check that the product did not change and no sync is running.

    Args:
        sync: `sync` or `hasty_sync`.
    """
    before, organizations = row_versions(product), contents(product, without=set())["organizations"]
    exit_code, line = _end_of(sync, town)
    assert (exit_code, last_sync(product)[0]) == (code, "failed"), line
    assert "\n" not in line.strip()
    assert not [secret for secret in (CLIENT_SECRET, town.token) if secret in line]
    assert row_versions(product) == before
    assert contents(product, without=set())["organizations"] == organizations
    assert query(product, "select count(*) from roster.syncs where state = 'running'") == [(0,)]
    return line


def _end_of(sync, town):
    """Return the exit code and the line of a sync that fails."""
    try:
        ended = sync(town)
    except Exception as error:  # noqa: BLE001 - the caller checks its code and its line
        return getattr(error, "exit_code", 1), failure_line(error)
    return ended.exit_code, ended.failure
