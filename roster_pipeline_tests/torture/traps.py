"""Makes one single action of a sync fail, the nth that passes: a statement, a commit, a query of the warehouse, a file.

PostgreSQL's connection is really closed under the statement; DuckDB and the file system say that the disk is full.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import duckdb
import psycopg

from roster_pipeline.errors import RosterError
from roster_pipeline_tests.torture import steps


class Trap:
    """Counts what passes and springs at the nth.

    Attributes:
        sprung: whether so many have passed.
    """

    def __init__(self, nth: int) -> None:
        self.sprung = False
        self._left, self._turn = nth, Lock()

    def springs(self) -> bool:
        with self._turn:
            self._left -= 1
            self.sprung = self.sprung or self._left == 0
            return self._left == 0


@contextmanager
def statements(trap: Trap, _home: str) -> Iterator[None]:
    """The connection is gone when the nth statement or COPY is to be sent."""

    def cut(cursor: psycopg.Cursor[Any], *arguments: object, original: Callable[..., Any], **named: object) -> object:
        if trap.springs():
            cursor.connection.close()
        return original(cursor, *arguments, **named)

    with _replaced(psycopg.Cursor, execute=cut, copy=cut):
        yield


@contextmanager
def commits(trap: Trap, _home: str) -> Iterator[None]:
    """The connection is gone at the nth commit: the odd ones before it, the even ones after it, unheard."""

    def cut(connection: psycopg.Connection[Any], *, original: Callable[..., Any]) -> None:
        if trap.springs():
            connection.close()
        original(connection)
        if trap.springs():
            connection.close()
            raise psycopg.OperationalError("the connection was lost")

    with _replaced(psycopg.Connection, commit=cut):
        yield


@contextmanager
def warehouse(trap: Trap, _home: str) -> Iterator[None]:
    """DuckDB refuses the nth query, in a district's file or in the snapshot."""

    def connect(*arguments: object, original: Callable[..., Any], **named: object) -> _Refusing:
        return _Refusing(original(*arguments, **named), trap)

    with _replaced(duckdb, connect=connect):
        yield


@contextmanager
def asset_steps(trap: Trap, _home: str) -> Iterator[None]:
    """The run ends in failure after the nth step."""

    def take(*arguments: object, original: Callable[..., Any], **named: object) -> None:
        original(*arguments, **named)
        if trap.springs():
            raise RosterError("the step failed")

    with _replaced(steps, take=take):
        yield


@contextmanager
def files(trap: Trap, home: str) -> Iterator[None]:
    """The nth file or folder under ROSTER_HOME cannot be opened, made, moved or removed."""
    if _watched is None:
        sys.addaudithook(_audit)
    _set_watched((trap, home))
    try:
        yield
    finally:
        _set_watched(())


class _Refusing:
    """A DuckDB connection that may refuse."""

    def __init__(self, con: duckdb.DuckDBPyConnection, trap: Trap) -> None:
        self._con, self._trap = con, trap

    def __getattr__(self, name: str) -> object:
        if name in ("execute", "begin", "commit") and self._trap.springs():
            raise duckdb.IOException("no space left on device")
        return getattr(self._con, name)

    def __enter__(self) -> "_Refusing":
        return self

    def __exit__(self, *_fault: object) -> None:
        self._con.close()


EVENTS = frozenset(
    {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.copyfile", "shutil.rmtree", "tempfile.mkdtemp"}
)
_watched: tuple[Trap, str] | tuple[()] | None = None
"""Python never forgets an audit hook: None before it is there, empty while nothing is to fail."""


def _set_watched(value: tuple[Trap, str] | tuple[()]) -> None:
    global _watched
    _watched = value


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if not _watched or event not in EVENTS:
        return
    trap, home = _watched
    touched = [os.fspath(one) for one in arguments if isinstance(one, str | os.PathLike)]
    if any(path.startswith(home) for path in touched) and trap.springs():
        raise OSError(errno.ENOSPC, "No space left on device")


@contextmanager
def _replaced(owner: Any, **by: Callable[..., Any]) -> Iterator[None]:
    """Attributes of a module or class, each replaced by a function that is handed the original."""
    originals = {name: getattr(owner, name) for name in by}

    def handed(function: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments, **named: function(*arguments, original=original, **named)

    for name, function in by.items():
        setattr(owner, name, handed(function, originals[name]))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(owner, name, original)
