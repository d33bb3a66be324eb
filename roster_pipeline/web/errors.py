"""The pages of errors: what happened, what is unchanged, what to do, and the number of the request."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from roster_pipeline.errors import ProductUnusable, place_of
from roster_pipeline.messages import product
from roster_pipeline.web.languages import preferred_language
from roster_pipeline.web.overload import TooBusy, retry_headers
from roster_pipeline.web.routing import LoginRequired
from roster_pipeline.web.state import state_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Explanation:
    """An error in words: what happened, what is unchanged and what to do."""

    title: str
    unchanged: str
    todo: str


NOTHING_CHANGED = product.mark("Nothing was changed.")
START_AGAIN = product.mark("Go back to the start and try again.")
NOT_FOUND = Explanation(
    product.mark("This page is not here"),
    NOTHING_CHANGED,
    product.mark("It may have moved, or it belongs to another person. Go back to the start."),
)
BY_STATUS = {
    400: Explanation(
        product.mark("This form is too old"), NOTHING_CHANGED, product.mark("Open the page again and repeat it.")
    ),
    403: Explanation(
        product.mark("This is not yours to see"), NOTHING_CHANGED, product.mark("Ask an admin of your district.")
    ),
    404: NOT_FOUND,
    405: NOT_FOUND,
    409: Explanation(
        product.mark("Something changed meanwhile"),
        NOTHING_CHANGED,
        product.mark("Look at the new state, then decide again."),
    ),
    413: Explanation(product.mark("This form is too large"), NOTHING_CHANGED, START_AGAIN),
    429: Explanation(
        product.mark("Too many requests"), NOTHING_CHANGED, product.mark("Wait a few minutes, then try again.")
    ),
    500: Explanation(
        product.mark("Something went wrong here"),
        NOTHING_CHANGED,
        product.mark("Try again. If it happens again, tell us the number below."),
    ),
    503: Explanation(
        product.mark("We cannot reach our data now"),
        product.mark("Nothing was changed. Your classes are kept."),
        product.mark("Try again in a minute."),
    ),
}
BUSY = Explanation(
    product.mark("Many people are here right now"),
    NOTHING_CHANGED,
    product.mark("Wait a few seconds, then try again."),
)
LOGIN_ERRORS = {
    "old_link": Explanation(product.mark("That link was a little old"), NOTHING_CHANGED, product.mark("Log in again.")),
    "no_answer": Explanation(
        product.mark("Clever did not answer"), NOTHING_CHANGED, product.mark("Wait a minute, then log in again.")
    ),
    "canceled": Explanation(
        product.mark("You were not logged in"), NOTHING_CHANGED, product.mark("Log in again, or ask your school.")
    ),
    "unknown_district": Explanation(
        product.mark("Your district is not connected to us yet"),
        NOTHING_CHANGED,
        product.mark("Ask your district's Clever admin to connect the app."),
    ),
    "premium": Explanation(
        product.mark("Your plan has no Clever Library"),
        product.mark("Your account and your work are kept."),
        product.mark(
            "Log in with Google, or from your school's Clever portal. To get class lists from Clever, ask our account "
            "team for a plan for your district."
        ),
    ),
    "not_shared": Explanation(
        product.mark("Your school no longer shares you with us"),
        product.mark("Your work is kept."),
        product.mark("Ask your school's Clever admin to share you again."),
    ),
    "no_place": Explanation(
        product.mark("Clever knows you, but you have no place here yet"),
        NOTHING_CHANGED,
        product.mark("Ask our account team to make you an admin of your district."),
    ),
    "removed": Explanation(
        product.mark("Your account has no rights here now"),
        product.mark("Your work is kept."),
        product.mark("Ask an admin of your district."),
    ),
    "google_unknown": Explanation(
        product.mark("No account here has this email"),
        NOTHING_CHANGED,
        product.mark("Log in with Clever instead."),
    ),
}


def show_error(request: Request, status: int, explanation: Explanation | None = None) -> Response:
    """Return the page of an error. It needs no database and no session."""
    state = state_of(request)
    words = product(preferred_language(request.headers.get("accept-language", "")))
    values = {
        "words": words,
        "explanation": explanation or BY_STATUS.get(status, BY_STATUS[500]),
        "request_id": getattr(request.state, "request_id", ""),
        "is_login": explanation in LOGIN_ERRORS.values(),
    }
    return HTMLResponse(state.renderer.render("error.html", values), status)


def show_busy(request: Request) -> Response:
    """Return the page that asks to try again in some seconds. A browser that reads a page does so by itself."""
    response = show_error(request, 503, BUSY)
    response.headers.update(retry_headers(request.method))
    return response


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer an error with a status. A row that is missing and one of another district have the same answer."""
    assert isinstance(error, HTTPException)
    return show_error(request, error.status_code)


async def on_login_required(request: Request, error: Exception) -> Response:
    """Lead to the login, and back afterwards. A fragment of a page tells htmx to load the whole page."""
    assert isinstance(error, LoginRequired)
    to = "/login?" + urlencode({"next": error.path}) if request.method == "GET" else "/login"
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"hx-redirect": "/login"})
    return RedirectResponse(to, 303)


async def on_product_unusable(request: Request, error: Exception) -> Response:
    log.error("%s", error)
    return show_error(request, 503)


async def on_too_busy(request: Request, _error: Exception) -> Response:
    """Answer a request that the program has no place for."""
    return show_busy(request)


async def on_internal_error(request: Request, error: Exception) -> Response:
    """Answer an error that nobody expected. The log has its class and place, and no value of a row."""
    log.error("%s at %s, request %s", type(error).__name__, place_of(error), getattr(request.state, "request_id", ""))
    return show_error(request, 500)


HANDLERS = {
    HTTPException: on_http_error,
    LoginRequired: on_login_required,
    ProductUnusable: on_product_unusable,
    TooBusy: on_too_busy,
    Exception: on_internal_error,
}
