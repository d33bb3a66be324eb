"""A login that is under way: its state, where it leads and how often it was restarted, in a signed cookie."""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

from itsdangerous import BadSignature
from starlette.requests import Request

from roster_pipeline.web.state import WebState

MAX_AGE_SECONDS = 600
RESTARTS = 2
"""How often a login is restarted within a minute. Then a page with the button ends the loop."""
RESTART_SECONDS = 60
LOCAL_PATH = re.compile(r"/(?:clever|home|classes)(?:/[A-Za-z0-9_\-/]*)?")


def safe_path(path: str) -> str:
    """Return where a login may lead: a path of a known screen, else the start."""
    return path if LOCAL_PATH.fullmatch(path) and "//" not in path and len(path) < 200 else "/"


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Attempt:
    """One login that is under way in a browser.

    Attributes:
        began: when the first try began, in Unix seconds.
        nonce: what Google writes into its token.
        verifier: the secret of PKCE.
    """

    next: str = "/"
    tries: int = 0
    began: float = 0.0
    state: str = field(default_factory=_random)
    nonce: str = field(default_factory=_random)
    verifier: str = field(default_factory=_random)

    def restarted(self, now: float) -> Attempt | None:
        """Return the next try, or None if there were too many within a minute."""
        if now - self.began > RESTART_SECONDS:
            return Attempt(self.next, 1, now)
        return Attempt(self.next, self.tries + 1, self.began) if self.tries < RESTARTS else None


def write_attempt(state: WebState, attempt: Attempt) -> str:
    """Return the value of the cookie."""
    return state.signer.dumps(asdict(attempt))


def read_attempt(state: WebState, request: Request) -> Attempt | None:
    """Return the login of this browser, or None if there is none, it is too old, or its cookie is forged."""
    try:
        values: dict[str, Any] = state.signer.loads(request.cookies.get(state.login_cookie, ""), MAX_AGE_SECONDS)
    except BadSignature:
        return None
    return Attempt(**values)
