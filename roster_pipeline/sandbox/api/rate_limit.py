"""Clever's rate limit of 1,200 requests a minute for each bearer token."""

from collections.abc import Callable
from dataclasses import dataclass

MAX_REQUESTS = 1200
WINDOW_SECONDS = 60.0
"""The time after which the count of requests starts again."""


@dataclass(frozen=True)
class Allowance:
    """Whether a request is within the rate limit, and the headers of its response."""

    passes: bool
    headers: dict[str, str]


class RateLimit:
    """A count of the requests of each token. The count starts again each minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Create the count. `clock` returns Unix seconds."""
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}

    def spend(self, token: str) -> Allowance:
        """Count one request."""
        now = self._clock()
        started, used = self._windows.get(token, (now, 0))
        if now - started >= WINDOW_SECONDS:
            started, used = now, 0
        self._windows[token] = (started, used + 1)
        return Allowance(used < MAX_REQUESTS, _headers(MAX_REQUESTS - used - 1, started + WINDOW_SECONDS))


def _headers(remaining: int, reset: float) -> dict[str, str]:
    """Return the headers that describe the rate limit."""
    return {
        "x-ratelimit-bucket": "bearer",
        "x-ratelimit-limit": str(MAX_REQUESTS),
        "x-ratelimit-remaining": str(max(0, remaining)),
        "x-ratelimit-reset": str(int(reset)),
    }
