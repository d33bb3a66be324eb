"""Decide by the status of an answer whether a request is repeated, and how long to wait before.

docs/clever-api.md#statuses lists the statuses. The body of a refusal is never read, so no message can repeat a token
or a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from roster_pipeline.errors import SourceBroken, SourceRefused, TokenRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from tenacity import RetryCallState

TRIES = 6
"""The most times that a request is sent."""
MAX_WAIT_SECONDS = 120.0
"""The longest wait. Clever's count starts again each minute, so a later reset comes from a wrong clock."""

ADVICE_BY_STATUS = {
    400: "Clever does not know the request. Check the API version.",
    401: "The token was revoked or the application disconnected. Ask the district's admin to reconnect it in Clever.",
    403: "The district does not share this with the application. Ask the district's admin to share it in Clever.",
    404: "The district does not share this, or the API version is wrong. Check the sharing in Clever.",
    413: "The page size is over Clever's limit. Please report this.",
    501: "Clever does not support this request. Please report this.",
}


CREDENTIALS_ADVICE = "Clever refused the client id or the client secret of the application. Check both in the settings."


class TransientError(Exception):
    """A passing fault: the request may succeed if it is repeated. The error never leaves this package.

    Attributes:
        ready_at: the Unix time in seconds at which Clever will answer again, or None.
    """

    def __init__(self, reason: str, ready_at: float | None = None) -> None:
        super().__init__(reason)
        self.ready_at = ready_at


def check_status(answer: httpx.Response, label: str) -> None:
    """Raise an error unless the status of the answer is 200.

    Args:
        answer: the answer. Its body may be unread.
        label: the district and the path, for the message.

    Raises:
        TransientError: the status is 408, 429, or 5xx other than 501.
        TokenRefused: the status is 401.
        SourceRefused: the status is another 4xx or 501, so that repeating the request is useless.
        SourceBroken: the status is a redirect or another one that no list has.
    """
    status = answer.status_code
    if status == 200:
        return
    if status in (408, 429) or (status >= 500 and status != 501):
        raise TransientError(f"status {status}", _reset(answer))
    if status >= 400:
        refusal = TokenRefused if status == 401 else SourceRefused
        raise refusal(f"{label}: status {status} from Clever. {_advice(answer)}")
    raise SourceBroken(
        f"{label}: status {status} from Clever instead of a list. Nothing was changed. Check the Clever address."
    )


def make_wait(clock: Callable[[], float], random: Callable[[], float]) -> Callable[[RetryCallState], float]:
    """Return a function that says how many seconds to wait before the next try.

    The wait lasts until the reset that Clever gave. Without a reset it is 1, 2, 4, 8 and 16 seconds, half of it
    jitter. A wait for a reset has jitter too, so that the waiting threads do not all return at the same moment.
    """

    def wait(state: RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        ready_at = fault.ready_at if isinstance(fault, TransientError) else None
        if ready_at is not None:
            return min(max(0.0, ready_at - clock()) + random(), MAX_WAIT_SECONDS)
        return float(2 ** (state.attempt_number - 1)) * (0.5 + random() / 2)

    return wait


def _advice(answer: httpx.Response) -> str:
    if answer.status_code in (401, 403) and answer.request.url.path == "/oauth/tokens":
        return CREDENTIALS_ADVICE
    return ADVICE_BY_STATUS.get(answer.status_code, "Clever refused the request. Check the settings, then run again.")


def _reset(answer: httpx.Response) -> float | None:
    """Return the Unix time of `X-RateLimit-Reset`. Only an answer with status 429 has a meaning there."""
    text = answer.headers.get("X-RateLimit-Reset", "")
    return float(text) if answer.status_code == 429 and text.isdecimal() else None
