"""Cause a fault on our own side at one moment of a sync: PostgreSQL ends a session, or the disk is full."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from threading import Lock
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine

from roster_pipeline_tests.support.interruptions import disk_full_at
from roster_pipeline_tests.support.readers import query

STATEMENTS, COMMITS, BYTES = 120, 8, 4_000_000
"""About how many statements and commits a sync has, and how large its files get."""


@contextmanager
def no_stumble(_engine: Engine, _rng: Random) -> Iterator[None]:
    yield


@contextmanager
def session_ends(engine: Engine, rng: Random) -> Iterator[None]:
    """Let PostgreSQL end the session that is about to send the nth statement or COPY."""
    due = _Due(rng.randint(1, STATEMENTS))

    def cut(name: str) -> Callable[..., Any]:
        original = getattr(psycopg.Cursor, name)

        def sent(cursor: psycopg.Cursor[Any], *arguments: object, **named: object) -> object:
            if due.now():
                _terminate(engine, cursor.connection)
            return original(cursor, *arguments, **named)

        return sent

    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute", "copy"):
            patch.setattr(psycopg.Cursor, name, cut(name))
        yield


@contextmanager
def session_ends_unheard(engine: Engine, rng: Random) -> Iterator[None]:
    """Let the nth commit succeed, and end the session before the client receives the answer."""
    due, original = _Due(rng.randint(1, COMMITS)), psycopg.Connection.commit

    def commit(connection: psycopg.Connection[Any]) -> None:
        original(connection)
        if due.now():
            _terminate(engine, connection)
            connection.execute("select 1")  # which finds that it has ended

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Connection, "commit", commit)
        yield


@contextmanager
def disk_full(_engine: Engine, rng: Random) -> Iterator[None]:
    """Let every write beyond some size of a file fail."""
    with disk_full_at(int(BYTES ** rng.random())):
        yield


STUMBLES = {
    "PostgreSQL ends a session": session_ends,
    "PostgreSQL ends a session after a commit": session_ends_unheard,
    "the disk is full": disk_full,
}


class _Due:
    """Return True once, at the nth call from any thread."""

    def __init__(self, nth: int) -> None:
        self._left, self._turn = nth, Lock()

    def now(self) -> bool:
        with self._turn:
            self._left -= 1
            return self._left == 0


def _terminate(engine: Engine, connection: psycopg.Connection[Any]) -> None:
    query(engine, "select pg_terminate_backend(:pid, 5000)", pid=connection.info.backend_pid)
