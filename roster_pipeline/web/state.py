"""What one program of the page shares between its requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import Response

from roster_pipeline.settings import Settings
from roster_pipeline.web.library_tokens import TokenVault
from roster_pipeline.web.rendering import Renderer

if TYPE_CHECKING:
    from roster_pipeline.web.login.clever import CleverLogin
    from roster_pipeline.web.login.google import GoogleLogin


@dataclass
class WebState:
    """The settings, the database, the templates and the clients of the login.

    Attributes:
        now: returns the current time.
        signer: signs the cookie of a login that is under way.
        vault: encrypts the tokens of Library teachers.
    """

    settings: Settings
    engine: Engine
    renderer: Renderer
    clever: CleverLogin
    google: GoogleLogin | None
    signer: URLSafeTimedSerializer
    vault: TokenVault
    now: Callable[[], datetime]

    @property
    def is_secure(self) -> bool:
        return self.settings.web_url.scheme == "https"

    @property
    def session_cookie(self) -> str:
        """Return the name of the session cookie. Browsers accept the prefix `__Host-` over https only."""
        return "__Host-s" if self.is_secure else "s"

    @property
    def login_cookie(self) -> str:
        return "__Host-login" if self.is_secure else "login"

    def url(self, path: str) -> str:
        """Return the address of a path as browsers and Clever know it."""
        return str(self.settings.web_url).rstrip("/") + path

    def set_cookie(self, response: Response, name: str, value: str, max_age: int | None = None) -> None:
        """Set a cookie that scripts cannot read and other sites do not send with forms."""
        response.set_cookie(name, value, max_age, httponly=True, secure=self.is_secure, samesite="lax", path="/")

    def clear_cookie(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self.is_secure, httponly=True, samesite="lax")


def state_of(request: Request) -> WebState:
    """Return what the program of a request shares."""
    return cast(WebState, request.app.state.web)
