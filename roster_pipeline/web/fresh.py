"""The login that an act asks for again: a decision that removes people needs a login of the last minutes."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from roster_pipeline.web.page import Page


def ask_fresh_login(page: Page, back: str) -> Response | None:
    """Return the screen that asks for a new login and leads back, or None if the last login is recent.

    Args:
        back: the path of the screen from which the person acts.
    """
    if page.session.is_fresh(page.now):
        return None
    login = f"/login/{page.session.login_kind}?{urlencode({'next': back})}"
    return page.render("fresh.html", 403, login=login)
