"""What one program of the page does when more people come than it can serve.

A screen uses one of a few connections of PostgreSQL. The others wait for a short time. Beyond that, and beyond a number
of requests at once, the answer is 503. It names a time for the next try, and browsers try again by themselves then.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

POOL = {"pool_size": 8, "max_overflow": 0, "pool_timeout": 10.0, "pool_pre_ping": False}
"""The connections of one program for screens, and how many seconds a screen waits for one of them."""
MOST_AT_ONCE = {"login": 300, "screen": 100, "other": 100_000}
"""The requests that one program answers at a time, by kind. A login waits for Clever, which costs little."""
LOGIN_PATHS = ("/login", "/auth/", "/home")
OTHER_PATHS = ("/static/", "/healthz", "/readyz")
RETRY_SECONDS = range(2, 9)
IDLE_SECONDS = 1.0
"""A connection that was idle for longer is checked before its use."""
USED_AT = "used_at"


class TooBusy(Exception):
    """The program has too much to do for this request. Nothing was changed."""


class Admission:
    """Counts the requests that are being answered, and refuses those beyond a number for each kind."""

    def __init__(self, most: Mapping[str, int] = MOST_AT_ONCE) -> None:
        self._most, self._now = most, Counter[str]()

    @contextmanager
    def admit(self, path: str) -> Iterator[bool]:
        """Return whether a request for a path may be answered now, and count it until its end."""
        kind = kind_of(path)
        is_admitted = self._now[kind] < self._most[kind]
        self._now[kind] += is_admitted
        try:
            yield is_admitted
        finally:
            self._now[kind] -= is_admitted


def check_idle_connections(engine: Engine) -> None:
    """Replace connections that the server ended while they were idle. Busy ones are not checked before each use."""

    def note(_connection: Any, record: Any) -> None:
        record.info[USED_AT] = monotonic()

    def check(connection: Any, record: Any, _proxy: object) -> None:
        if monotonic() - record.info.get(USED_AT, monotonic()) <= IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            raise sa.exc.DisconnectionError from None

    sa.event.listen(engine, "checkin", note)
    sa.event.listen(engine, "checkout", check)


def kind_of(path: str) -> str:
    """Return the kind of a request. Logins and the screen of a student have places of their own."""
    if path.startswith(LOGIN_PATHS):
        return "login"
    return "other" if path.startswith(OTHER_PATHS) else "screen"


def retry_headers(method: str) -> dict[str, str]:
    """Return the headers that name a random time for the next try, so that not everybody comes at once."""
    seconds = str(secrets.choice(RETRY_SECONDS))
    return {"retry-after": seconds} | ({"refresh": seconds} if method == "GET" else {})
