"""Sends a token of Clever with a request."""

from __future__ import annotations

from collections.abc import Generator

import httpx


class Bearer(httpx.Auth):
    """Send the token as a header, and keep it out of every repr."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header
        yield request
