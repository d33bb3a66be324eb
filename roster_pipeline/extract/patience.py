"""How often the client sends a request to Clever, and how long it waits for the answer."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cache

import httpx

from roster_pipeline.extract.body import ACCEPTED, ANSWER_TIMEOUT_SECONDS
from roster_pipeline.extract.retry import TRIES


@dataclass(frozen=True)
class Patience:
    """The bounds of one request.

    Attributes:
        tries: the most times that the request is sent.
        timeout: the longest wait for a connection and for the next piece of an answer.
        answer_seconds: the longest time for a whole answer.
    """

    tries: int
    timeout: httpx.Timeout
    answer_seconds: float


FOR_SYNCS = Patience(TRIES, httpx.Timeout(60.0, connect=10.0), ANSWER_TIMEOUT_SECONDS)
FOR_TEACHERS = Patience(3, httpx.Timeout(15.0, connect=5.0), 30.0)
"""Few threads run the updates of all Library teachers, so no update may wait long."""
FOR_SCREENS = Patience(1, httpx.Timeout(3.0), 3.0)
"""A person waits for the screen, and other requests wait for its turn."""


def open_http(patience: Patience, transport: httpx.BaseTransport | None) -> httpx.Client:
    """Return the HTTP client that waits so long."""
    return httpx.Client(transport=transport, timeout=patience.timeout, verify=_load_certificates(), headers=ACCEPTED)


@cache
def _load_certificates() -> ssl.SSLContext:
    """Load the trusted certificates once for each process, because loading takes as long as an answer."""
    return httpx.create_ssl_context()
