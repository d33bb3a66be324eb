"""What every person has in the frame: the language, the help, and the end of the session."""

from __future__ import annotations

import secrets

from sqlalchemy.dialects.postgresql import insert
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from roster_pipeline.messages import product
from roster_pipeline.product.tables import web_preferences
from roster_pipeline.web.languages import LANGUAGES, preferred_language
from roster_pipeline.web.login.attempt import safe_path
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import EVERYBODY
from roster_pipeline.web.routing import find_visitor, get, post
from roster_pipeline.web.sessions import change_session, seconds_to_warning
from roster_pipeline.web.state import state_of
from roster_pipeline.web.visibility import page_transaction


def choose_language(page: Page) -> Response:
    """Change the language of the session, and of later sessions of the person."""
    language, account_id = page.form.get("language", ""), page.viewer.account_id
    if language not in LANGUAGES:
        raise HTTPException(400)
    change_session(page.pg, page.session.token_hash, language=language)
    if account_id is not None:
        row = insert(web_preferences).values(account_id=account_id, language=language)
        page.pg.execute(row.on_conflict_do_update(index_elements=["account_id"], set_={"language": language}))
    return page.finish(safe_path(page.form.get("next", "/")), "language", ("account", account_id))


def show_help(page: Page) -> Response:
    """Show the page that says whom to ask for help."""
    return page.render("help.html")


def extend_session(page: Page) -> Response:
    """Let the session live on. The request itself is a use of it."""
    change_session(page.pg, page.session.token_hash, seen_at=page.now)
    return page.finish(safe_path(page.form.get("next", "/")), "extend", ("account", page.viewer.account_id))


def warn_of_end(request: Request) -> Response:
    """Return the part of a screen that says that the session ends soon. Asking for it is no use of the session.

    If the session was used meanwhile, in another window for example, the part asks again later. If it is over, the
    browser goes to the login.
    """
    state = state_of(request)
    with page_transaction(state.engine) as pg:
        visitor = find_visitor(request, pg)
    if visitor is None:
        return Response(status_code=204, headers={"hx-redirect": "/login"})
    session, viewer = visitor
    seconds = seconds_to_warning(viewer.role, session.seen_at, state.now())
    values = {
        "words": product(session.language or preferred_language(request.headers.get("accept-language", ""))),
        "seconds": seconds,
        "csrf": session.csrf,
        "form_token": secrets.token_urlsafe(16),
        "next": safe_path(request.query_params.get("next", "/")),
    }
    return HTMLResponse(state.renderer.render("ending.html", values))


ROUTES = [
    post("/language", choose_language, EVERYBODY),
    post("/session/extend", extend_session, EVERYBODY),
    Route("/session/ending", warn_of_end),
    get("/help", show_help, EVERYBODY),
]
