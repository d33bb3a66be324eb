"""Limit the rate of requests of one token. `retry.py` handles an answer with status 429."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_REQUESTS_PER_MINUTE = 1_200
"""The requests that Clever allows a token in one minute (docs/clever-api.md#rate-limit)."""


class RateWindow:
    """Bound the requests of a token within a sliding minute. The threads of a token share one window.

    Clever starts its count again with each minute. A sliding minute stays below that count at any time.

    Args:
        sleep: waits for a number of seconds.
        elapsed: a monotonic clock in seconds. A clock that is set back would make a request wait for days.
        most: the most requests in one minute.
    """

    def __init__(
        self, sleep: Callable[[float], None], elapsed: Callable[[], float], most: int = MAX_REQUESTS_PER_MINUTE
    ) -> None:
        self._sleep, self._elapsed, self._most = sleep, elapsed, most
        self._taken: deque[float] = deque()
        self._turn = threading.Lock()

    def take(self) -> None:
        """Wait until one more request is allowed, and count it. Other threads wait for the lock meanwhile."""
        with self._turn:
            if len(self._taken) == self._most:
                self._sleep(max(0.0, self._taken.popleft() + 60 - self._elapsed()))
            self._taken.append(self._elapsed())
