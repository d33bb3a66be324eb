"""Security headers on every answer, and the refusal of forms that another site sends."""

from __future__ import annotations

import logging
import secrets
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roster_pipeline.settings import Settings
from roster_pipeline.web.errors import show_busy, show_error
from roster_pipeline.web.overload import Admission

log = logging.getLogger(__name__)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_MAX_BYTES = 256 * 1024
"""The most bytes of a form."""


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def security_headers(settings: Settings) -> dict[str, str]:
    """Return the headers of every answer."""
    login_sites = " ".join({origin_of(str(settings.clever_auth_url)), origin_of(str(settings.web_google_url))})
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action 'self' {login_sites}; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
    } | ({"strict-transport-security": "max-age=31536000"} if settings.web_url.scheme == "https" else {})


class SecureApp:
    """An ASGI application that adds the headers, a request id and a line in the log to every answer.

    A line of the log has the method, the pattern of the route, the status and the time. It has no address and no query,
    which can hold names and codes.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._headers = security_headers(settings)
        self._origin = origin_of(str(settings.web_url))
        self._admission = Admission()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, as ASGI defines it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["request_id"] = request_id = secrets.token_hex(8)
        began = time.monotonic()

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers["x-request-id"] = request_id
                route = getattr(scope.get("route"), "path", "-")
                spent = 1000 * (time.monotonic() - began)
                log.info("%s %s %s %.0f ms %s", scope["method"], route, message["status"], spent, request_id)
            await send(message)

        headers = Headers(scope=scope)
        scope["app"] = self._app
        with self._admission.admit(scope["path"]) as is_admitted:
            refusal = None if is_admitted else show_busy(Request(scope))
            status = 403 if self._is_foreign(scope["method"], headers) else 413 if _is_large(headers) else None
            refusal = show_error(Request(scope), status) if status else refusal
            await (refusal or self._app)(scope, receive, send_secured)

    def _is_foreign(self, method: str, headers: Headers) -> bool:
        """Return whether another site sends a form. A browser names the site of each form."""
        if method in SAFE_METHODS:
            return False
        is_own = headers.get("origin", self._origin) == self._origin
        return not is_own or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")


def _is_large(headers: Headers) -> bool:
    length = headers.get("content-length", "0")
    is_small = length.isdigit() and int(length) <= BODY_MAX_BYTES
    return not is_small or "transfer-encoding" in headers
