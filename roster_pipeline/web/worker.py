"""The threads of the web program: filed decisions, updates of Library teachers, and the sweep of what is old."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread

from sqlalchemy import Engine

from roster_pipeline.corrections.queue import run_corrections
from roster_pipeline.errors import RosterError, place_of
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.settings import Settings
from roster_pipeline.web.counted_needs import count_needs
from roster_pipeline.web.library_tokens import sweep_tokens
from roster_pipeline.web.library_worker import LibraryUpdates
from roster_pipeline.web.sessions import sweep_logins

LOOK_SECONDS, RETRY_SECONDS = 0.5, 5.0
"""How often a thread looks for work, and how long it waits after the database did not answer."""
STOP_SECONDS = 5.0
LIBRARY_THREADS = 2
"""The most updates of Library teachers that one program runs at once."""
COUNT_EVERY = timedelta(seconds=10)
"""How often the worker looks for districts in which the numbers of *Needs you* may have changed."""
SWEEP_EVERY = timedelta(hours=1)
"""How often sessions and codes that ended long ago, and tokens that are too old, are deleted."""
log = logging.getLogger(__name__)


def sweep_all(engine: Engine, now: datetime) -> None:
    """Delete what is old, in batches of their own transactions."""
    deleted = 1
    while deleted:
        with transaction(engine) as pg:
            deleted = sweep_logins(pg, now)
    with transaction(engine) as pg:
        sweep_tokens(pg, now)


class PageWorker:
    """Runs what people file on the page, in threads, until it is stopped. Several programs may each have one."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings, self._now, self._stop = settings, now, Event()
        self._library = LibraryUpdates(settings, now)
        self._next_sweep = now()
        self._next_count = now()
        works = [self._decide, self._count_needs, *[self._update_teachers] * LIBRARY_THREADS]
        self._threads = [Thread(target=self._run, args=(work,), daemon=True) for work in works]

    @property
    def is_alive(self) -> bool:
        """Return whether every thread runs."""
        return all(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop each thread after the work at hand. What takes longer is left to the next program."""
        self._stop.set()
        end = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _decide(self, engine: Engine) -> None:
        """Run the decisions that wait, look for killed updates of Library teachers, and sweep if it is time."""
        run_corrections(engine, self._now)
        self._library.requeue_killed(engine)
        if self._now() >= self._next_sweep:
            sweep_all(engine, self._now())
            self._next_sweep = self._now() + SWEEP_EVERY

    def _count_needs(self, engine: Engine) -> None:
        """Count what waits in the districts in which something has changed, if it is time."""
        if self._now() >= self._next_count:
            count_needs(self._settings, engine, self._now)
            self._next_count = self._now() + COUNT_EVERY

    def _update_teachers(self, engine: Engine) -> None:
        """Run the updates of Library teachers that wait."""
        while not self._stop.is_set() and self._library.run_next(engine):
            pass

    def _run(self, work: Callable[[Engine], None]) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            try:
                work(open_product(self._settings))
                pause = LOOK_SECONDS
            except RosterError as error:
                log.warning("No decision and no update was run. %s", error)
                pause = RETRY_SECONDS
            except Exception as error:  # noqa: BLE001 - without this thread no decision would run any more
                # The message of a library's error could quote a row.
                log.error("No decision and no update was run: %s at %s", type(error).__name__, place_of(error))
                pause = RETRY_SECONDS
