"""Writing beside a busy application: waits for locks are bounded, a transaction is tried again, its holder is named.

Locks of the application are waited for at most `LOCK_SECONDS` each. A transaction that another session was in the way
of is rolled back and run again as a whole, so that nothing is ever half done.
"""

from __future__ import annotations

import random as chance
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from roster_pipeline.errors import ProductBusy
from roster_pipeline.product.database import LOCK_SECONDS, transaction

Done = TypeVar("Done")
FIRST_WAIT_SECONDS = 0.2
"""Each later wait is twice as long."""
LOOKS = 4
"""How often a wait for a lock is looked at, before it is given up."""
HOLDERS = """
    select pid, application_name from pg_stat_activity
    where pid = any(pg_blocking_pids(:waiting)) order by pid limit 1
"""


@dataclass(frozen=True)
class Patience:
    """How long locks of other sessions are waited for, and how often a transaction is tried.

    Attributes:
        lock_seconds: the longest wait for one lock.
        sleep, random: seconds to wait between two tries, and a number of [0, 1) for jitter.
    """

    tries: int = 5
    lock_seconds: float = LOCK_SECONDS
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = chance.random

    def wait(self, attempt: int) -> None:
        """Sleep before the next try: twice as long after each, and at least half of that."""
        self.sleep(FIRST_WAIT_SECONDS * 2**attempt * (1 + self.random()) / 2)


@dataclass
class _Holder:
    """The session that was last seen to hold a lock which the work waited for."""

    pid: int | None = None
    application: str = ""

    def __str__(self) -> str:
        if self.pid is None:
            return "another session, which let go before it could be named"
        name = "".join(letter for letter in self.application if letter.isprintable())
        return f"process {self.pid}, application {name or 'without a name'}"


def write_product(engine: Engine, work: Callable[[Connection], Done], patience: Patience | None = None) -> Done:
    """Run `work` in a transaction, and again from the start if another session was in its way.

    Args:
        work: does everything in the transaction that it is handed; it may run several times.

    Raises:
        ProductBusy: the other session kept its locks through every try; nothing was written.
        ProductUnusable: as `transaction`.
    """
    patience = patience or Patience()
    holder = _Holder()
    for attempt in range(patience.tries):
        try:
            with (
                transaction(engine, lock_seconds=patience.lock_seconds) as pg,
                _watched(engine, pg, holder, patience.lock_seconds / LOOKS if attempt else None),
            ):
                return work(pg)
        except ProductBusy:
            if attempt + 1 < patience.tries:
                patience.wait(attempt)
    raise ProductBusy(
        f"Rows that are to be written are locked by {holder}; each of {patience.tries} tries met locks and was rolled "
        "back, so nothing was half done. End that session's transaction, then run again."
    )


@contextmanager
def _watched(engine: Engine, pg: Connection, holder: _Holder, seconds: float | None) -> Iterator[None]:
    """Note in `holder` who keeps the session of `pg` waiting, looked up from another session every `seconds`.

    Args:
        seconds: None: nobody was in the way yet, so that nothing is looked up.
    """
    if seconds is None:
        yield
        return
    waiting = int(pg.execute(sa.text("select pg_backend_pid()")).scalar_one())
    is_over = Event()

    def look() -> None:
        while not is_over.wait(seconds):
            try:
                with engine.connect() as other:
                    found = other.execute(sa.text(HOLDERS), {"waiting": waiting}).one_or_none()
            except DBAPIError:
                return  # the holder stays without a name
            if found:
                holder.pid, holder.application = found

    watcher = Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()
