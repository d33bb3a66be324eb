"""What an HTTP answer of Clever means: fine, worth another try, or a refusal; and how long to wait till then.

Bodies of refusals are never read: they come as `message`, `error`, HTML or nothing (docs/clever-api.md#statuses), and
the status says all that is acted upon. So no message can repeat a token or a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from roster_pipeline.errors import SourceBroken, SourceRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from tenacity import RetryCallState

TRIES = 6
LONGEST_WAIT = 120.0
"""Seconds. Clever's counter resets each minute, so a later reset is a clock that is wrong, theirs or ours."""

ADVICE = {
    400: "the request is not one that Clever knows: check the API version",
    401: "the token was revoked or the app disconnected: have the district's admin reconnect it in Clever",
    403: "this is not shared with the app: have the district's admin share it in Clever",
    404: "it is not shared with this token, or the API version is wrong: check the sharing in Clever",
    413: "the page size is over Clever's limit",
    501: "Clever does not support this request",
}


OUR_CREDENTIALS = "the app's own client id or secret was refused: check both in the settings"


class TransientError(Exception):
    """Clever may answer well if asked again. Never leaves this package.

    Attributes:
        ready_at: unix seconds at which Clever says it will answer again, or None.
    """

    def __init__(self, reason: str, ready_at: float | None = None) -> None:
        super().__init__(reason)
        self.ready_at = ready_at


def judge(answer: httpx.Response, what: str) -> None:
    """Let a good answer pass, by its status.

    Args:
        answer: whose body need not have been read.
        what: who asked for which path, for the message.

    Raises:
        TransientError: 408, 429 and 5xx but 501.
        SourceRefused: any other 4xx, and 501: asking again is useless.
        SourceBroken: a redirect or another status that no list has.
    """
    status = answer.status_code
    if status == 200:
        return
    if status in (408, 429) or (status >= 500 and status != 501):
        raise TransientError(f"status {status}", _reset(answer))
    if status >= 400:
        raise SourceRefused(f"{what}: status {status}; {_advice(answer)}.")
    raise SourceBroken(f"{what}: status {status} where a list was expected; check the Clever address.")


def waits(clock: Callable[[], float], random: Callable[[], float]) -> Callable[[RetryCallState], float]:
    """How many seconds to wait: until Clever's reset if it gave one, else 1, 2, 4 … 16, half of it jitter.

    Jitter after a reset too, lest all the waiting threads return in the same instant.
    """

    def wait(state: RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        ready_at = fault.ready_at if isinstance(fault, TransientError) else None
        if ready_at is not None:
            return min(max(0.0, ready_at - clock()) + random(), LONGEST_WAIT)
        return float(2 ** (state.attempt_number - 1)) * (0.5 + random() / 2)

    return wait


def _advice(answer: httpx.Response) -> str:
    if answer.status_code in (401, 403) and answer.request.url.path == "/oauth/tokens":
        return OUR_CREDENTIALS
    return ADVICE.get(answer.status_code, "Clever refused the request")


def _reset(answer: httpx.Response) -> float | None:
    """`X-RateLimit-Reset` (unix seconds). Only of a 429: on other answers it says nothing about the fault."""
    text = answer.headers.get("X-RateLimit-Reset", "")
    return float(text) if answer.status_code == 429 and text.isdecimal() else None
