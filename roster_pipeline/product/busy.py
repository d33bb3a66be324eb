"""Write beside a busy application: bounded waits for locks, retries, and an error that names the blocking session.

The wait for each lock is at most `LOCK_SECONDS`. A transaction that met a lock of another session for longer is rolled
back and run again as a whole, so no partial changes remain.
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
from roster_pipeline.product.database import LOCK_SECONDS, DistrictLock, transaction

Done = TypeVar("Done")
FIRST_WAIT_SECONDS = 0.2
"""Each later wait is twice as long."""
LOOKS = 4
"""How often the blocking session is looked up during the longest wait for a lock."""
HOLDERS = """
    select pid, application_name from pg_stat_activity
    where pid = any(pg_blocking_pids(:waiting)) order by pid limit 1
"""


@dataclass(frozen=True)
class Patience:
    """The waits and retries of a transaction.

    Attributes:
        tries: how often the transaction is run at most.
        lock_seconds: the longest wait for one lock of another session.
        sleep: waits for a number of seconds between two tries.
        random: returns a number from 0 to 1 for jitter.
    """

    tries: int = 5
    lock_seconds: float = LOCK_SECONDS
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = chance.random

    def wait(self, attempt: int) -> None:
        """Sleep before the next try. The wait doubles with each attempt, and jitter takes off at most half of it."""
        self.sleep(FIRST_WAIT_SECONDS * 2**attempt * (1 + self.random()) / 2)


@dataclass
class _Holder:
    """The session that was last seen to block the transaction."""

    pid: int | None = None
    application: str = ""

    def __str__(self) -> str:
        if self.pid is None:
            return "another session, which let go before it could be named"
        name = "".join(letter for letter in self.application if letter.isprintable())
        return f"process {self.pid}, application {name or 'without a name'}"


def write_product(engine: Engine, work: Callable[[Connection], Done], patience: Patience | None = None) -> Done:
    """Run `work` in a transaction. Run it again from the start if another session blocked it.

    Args:
        work: does all its work in the transaction that it gets. It may run several times.

    Raises:
        ProductBusy: another session kept its locks through every try. Nothing was written.
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
        "back, so no partial changes were made. End that session's transaction, then run again."
    )


def write_under_lock(
    engine: Engine, lock: DistrictLock, work: Callable[[Connection], Done], patience: Patience | None = None
) -> Done:
    """Run `work` as `write_product` does, while the caller holds the lock of a district.

    Raises:
        LockLost: the lock is gone, so a sync of the district may have begun. Nothing was written.
        ProductBusy, ProductUnusable: as `write_product`.
    """

    def work_under_lock(pg: Connection) -> Done:
        lock.check(pg)
        result = work(pg)
        lock.check(pg)
        return result

    return write_product(engine, work_under_lock, patience)


@contextmanager
def _watched(engine: Engine, pg: Connection, holder: _Holder, seconds: float | None) -> Iterator[None]:
    """Record in `holder` the session that blocks the session of `pg`. Look it up from another session.

    Args:
        seconds: the time between two look-ups. None looks nothing up.
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
                    row = other.execute(sa.text(HOLDERS), {"waiting": waiting}).one_or_none()
            except DBAPIError:
                return  # the blocking session stays unknown
            if row:
                holder.pid, holder.application = row

    watcher = Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()
