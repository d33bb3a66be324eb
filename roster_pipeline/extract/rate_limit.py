"""How fast one token may ask. What to do when Clever says "too fast" all the same is in `answers.py`."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_A_MINUTE = 1_200
"""Requests a minute that Clever allows one bearer token (docs/clever-api.md#rate-limit)."""


class RateWindow:
    """A sliding minute: `take` waits until one more request is allowed. Shared by the threads of a token.

    Clever's own counter resets each minute; a sliding window stays below it wherever its minutes begin.

    Args:
        elapsed: seconds of a clock that only runs forward: one that is put back would make a request wait for days.
    """

    def __init__(self, sleep: Callable[[float], None], elapsed: Callable[[], float], most: int = MOST_A_MINUTE) -> None:
        self._sleep, self._elapsed, self._most = sleep, elapsed, most
        self._taken: deque[float] = deque()
        self._turn = threading.Lock()

    def take(self) -> None:
        """Wait for a place, and take it. The lock is held while waiting: those behind would wait as long."""
        with self._turn:
            if len(self._taken) == self._most:
                self._sleep(max(0.0, self._taken.popleft() + 60 - self._elapsed()))
            self._taken.append(self._elapsed())
