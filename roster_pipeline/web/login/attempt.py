"""A login that is under way: its state, where it leads and how often it was restarted, in a signed cookie."""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict, dataclass, field
from secrets import compare_digest
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
        proof_session: the hash of the session whose person proves to own another account too. Empty: an ordinary login.
        nonce: what Google writes into its token.
        verifier: the secret of PKCE.
    """

    next: str = "/"
    tries: int = 0
    began: float = 0.0
    proof_session: str = ""
    state: str = field(default_factory=_random)
    nonce: str = field(default_factory=_random)
    verifier: str = field(default_factory=_random)

    @property
    def is_proof(self) -> bool:
        return bool(self.proof_session)

    @property
    def sent_state(self) -> str:
        """Return the state as Clever and Google get it. It begins with the number of tries."""
        return f"{self.tries}.{self.state}"

    def has_sent(self, state: str) -> bool:
        """Return whether a state that arrives is the one of this login."""
        return compare_digest(self.sent_state.encode(), state.encode())

    def restarted(self, now: float) -> Attempt | None:
        """Return the next try, or None if there were too many within a minute."""
        if now - self.began > RESTART_SECONDS:
            return Attempt(self.next, 1, now)
        return Attempt(self.next, self.tries + 1, self.began) if self.tries < RESTARTS else None


def restart_attempt(attempt: Attempt | None, state: str, now: float) -> Attempt | None:
    """Return the next try of a login, or None if there were too many.

    Args:
        attempt: the login of this browser. A browser that refuses cookies has none, so its tries stand in the state.
        state: the state that arrived.
    """
    tries = int(state[0]) if re.match(r"[0-9]\.", state) else 0
    return (attempt or Attempt(tries=tries, began=now)).restarted(now)


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
