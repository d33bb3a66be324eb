"""The thread of the web program that runs the decisions which people file on the page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

from roster_pipeline.corrections.queue import run_corrections
from roster_pipeline.errors import RosterError
from roster_pipeline.product.database import open_product
from roster_pipeline.settings import Settings

LOOK_SECONDS, RETRY_SECONDS = 0.5, 5.0
"""How often the worker looks for decisions, and how long it waits after the database did not answer."""
STOP_SECONDS = 5.0
log = logging.getLogger(__name__)


class CorrectionsWorker:
    """Runs filed decisions in a thread until it is stopped. Several programs may each have one."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings, self._now, self._stop = settings, now, Event()
        self._thread = Thread(target=self._run, name="corrections", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread after the decision on which it works. A longer decision is left to the next worker."""
        self._stop.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            try:
                run_corrections(self._settings, open_product(self._settings), self._now)
                pause = LOOK_SECONDS
            except RosterError as error:
                log.warning("No decision was run. %s", error)
                pause = RETRY_SECONDS
