"""The thread of the web program that runs the decisions which people file on the page, and sweeps old sessions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread

from sqlalchemy import Engine

from roster_pipeline.corrections.queue import run_corrections
from roster_pipeline.errors import RosterError, place_of
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.settings import Settings
from roster_pipeline.web.sessions import sweep_logins

LOOK_SECONDS, RETRY_SECONDS = 0.5, 5.0
"""How often the worker looks for decisions, and how long it waits after the database did not answer."""
STOP_SECONDS = 5.0
SWEEP_EVERY = timedelta(hours=1)
"""How often sessions and codes that ended long ago are deleted."""
log = logging.getLogger(__name__)


def sweep_all(engine: Engine, now: datetime) -> None:
    """Delete sessions and codes that ended long ago, in batches of their own transactions."""
    deleted = 1
    while deleted:
        with transaction(engine) as pg:
            deleted = sweep_logins(pg, now)


class CorrectionsWorker:
    """Runs filed decisions in a thread until it is stopped. Several programs may each have one."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings, self._now, self._stop = settings, now, Event()
        self._thread = Thread(target=self._run, name="corrections", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread after the decision on which it works. A longer decision is left to the next worker."""
        self._stop.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        pause, next_sweep = 0.0, self._now()
        while not self._stop.wait(pause):
            try:
                engine = open_product(self._settings)
                run_corrections(self._settings, engine, self._now)
                if self._now() >= next_sweep:
                    sweep_all(engine, self._now())
                    next_sweep = self._now() + SWEEP_EVERY
                pause = LOOK_SECONDS
            except RosterError as error:
                log.warning("No decision was run. %s", error)
                pause = RETRY_SECONDS
            except Exception as error:  # noqa: BLE001 - without this thread no decision would run any more
                # The message of a library's error could quote a row.
                log.error("No decision was run: %s at %s", type(error).__name__, place_of(error))
                pause = RETRY_SECONDS
