"""Clever's rate limit: 1,200 requests a minute for each bearer token (Clever, *Responses and errors*).

Time comes from outside.
"""

from collections.abc import Callable
from dataclasses import dataclass

REQUESTS = 1200
WINDOW = 60.0
"""Seconds after which the count starts again."""


@dataclass(frozen=True)
class Allowance:
    """What one request is told: whether it may pass, and the headers of its answer."""

    passes: bool
    headers: dict[str, str]


class RateLimit:
    """Counts requests by token; no average, the count starts again each minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives unix seconds."""
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}

    def spend(self, token: str) -> Allowance:
        """Counts one request."""
        now = self._clock()
        started, used = self._windows.get(token, (now, 0))
        if now - started >= WINDOW:
            started, used = now, 0
        self._windows[token] = (started, used + 1)
        return Allowance(used < REQUESTS, _headers(REQUESTS - used - 1, started + WINDOW))


def _headers(remaining: int, reset: float) -> dict[str, str]:
    return {
        "x-ratelimit-bucket": "bearer",
        "x-ratelimit-limit": str(REQUESTS),
        "x-ratelimit-remaining": str(max(0, remaining)),
        "x-ratelimit-reset": str(int(reset)),
    }
