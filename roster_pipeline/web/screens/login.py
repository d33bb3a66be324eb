"""The screens of logging in and out, and the callbacks of Clever and Google."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import sqlalchemy as sa
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from itsdangerous import BadSignature
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from roster_pipeline.messages import product
from roster_pipeline.product.tables import web_codes
from roster_pipeline.web.answers import STOPS
from roster_pipeline.web.errors import LOGIN_ERRORS, show_error
from roster_pipeline.web.languages import preferred_language
from roster_pipeline.web.library_tokens import delete_token
from roster_pipeline.web.login.accounts import (
    LoginRefused,
    begin_login,
    find_account_stop,
    find_google_account,
)
from roster_pipeline.web.login.attempt import Attempt, read_attempt, restart_attempt, safe_path, write_attempt
from roster_pipeline.web.login.clever import CodeRefused, LoginUnanswered
from roster_pipeline.web.login.entry import MERGE, enter_with_clever
from roster_pipeline.web.overload import MOST_AT_ONCE
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import EVERYBODY, Role, read_viewer
from roster_pipeline.web.routing import find_visitor, get, post
from roster_pipeline.web.screens.merge import take_proof
from roster_pipeline.web.sessions import STUDENT_LIFETIME, change_session, end_session, hash_token
from roster_pipeline.web.state import WebState, state_of
from roster_pipeline.web.visibility import page_transaction

CLEVER_CALLBACK, GOOGLE_CALLBACK = "/auth/clever/callback", "/auth/google/callback"
WAIT_SECONDS, LOOK_SECONDS = 10.0, 0.1
"""How long a second delivery of a code waits for the session of the first, and how often it looks."""
THREADS = CapacityLimiter(MOST_AT_ONCE["login"])
"""Logins have threads of their own, because most of them wait for Clever or Google."""
PORTAL = "portal"
"""The salt under which the address of a portal is signed."""
CLAIM = insert(web_codes).on_conflict_do_nothing().returning(web_codes.c.code_hash)
NOTE = web_codes.update().where(web_codes.c.code_hash == sa.bindparam("own"))
FAILED = ""
"""Stands for the session of a code that led to none."""
PATIENCE_SECONDS = 90
"""The time after which the waiting screen says to come back later."""


def show_start(request: Request) -> Response:
    """Lead to the landing screen of the person, or to the login."""
    state = state_of(request)
    with page_transaction(state.engine) as pg:
        visitor = find_visitor(request, pg)
    return RedirectResponse(visitor[1].landing if visitor else "/login", 303)


def show_login(request: Request) -> Response:
    """Show the buttons to log in with."""
    words = product(preferred_language(request.headers.get("accept-language", "")))
    next_path = safe_path(request.query_params.get("next", "/"))
    is_logged_out = "logged_out" in request.query_params
    clever_url = _read_portal(state_of(request), request.query_params.get("logged_out", ""))
    values = {"words": words, "next": next_path, "is_logged_out": is_logged_out, "clever_url": clever_url}
    return HTMLResponse(state_of(request).renderer.render("login.html", values))


def start_clever(request: Request) -> Response:
    """Send the browser to Clever."""
    attempt = Attempt(safe_path(request.query_params.get("next", "/")), began=time.time())
    return _authorize_clever(state_of(request), attempt, request.query_params.get("district"))


def finish_clever(request: Request) -> Response:
    """Take the code that Clever sends, and log the person in.

    A code without the state of this browser is not used: the login starts again with a state. So nobody is logged in to
    another person's account by a link.
    """
    state, code = state_of(request), request.query_params.get("code", "")
    attempt = read_attempt(state, request)
    if not code:
        return _refuse(request, "canceled")
    sent_state = request.query_params.get("state", "")
    if attempt is None or not attempt.has_sent(sent_state):
        following = restart_attempt(attempt, sent_state, time.time())
        return _authorize_clever(state, following) if following else _refuse(request, "old_link")
    if not _claim(request, code):
        return _join_earlier(state, code, attempt)
    return _log_in_with_clever(request, code, attempt)


def start_google(request: Request) -> Response:
    """Send the browser to Google."""
    state = state_of(request)
    if state.google is None:
        return show_error(request, 404)
    attempt = Attempt(safe_path(request.query_params.get("next", "/")), began=time.time())
    if "proof" in request.query_params:
        # Only the press of *Yes, it is mine* begins a proof.
        begun = read_attempt(state, request)
        if begun is None or not begun.is_proof:
            return RedirectResponse(MERGE, 303)
        attempt = begun
    try:
        sent = (attempt.sent_state, attempt.nonce, attempt.verifier)
        url = state.google.authorize_url(state.url(GOOGLE_CALLBACK), *sent, is_fresh=attempt.is_proof)
    except LoginUnanswered:
        return _refuse(request, "no_answer", 502)
    return _leave_for(state, url, attempt)


def finish_google(request: Request) -> Response:
    """Take the code that Google sends, and log the person in to an existing account."""
    state, code = state_of(request), request.query_params.get("code", "")
    attempt = read_attempt(state, request)
    if state.google is None or attempt is None or not code:
        return _refuse(request, "canceled")
    is_sent = attempt.has_sent(request.query_params.get("state", ""))
    if not is_sent or not _claim(request, code, keeps_session=attempt.is_proof):
        return _refuse(request, "old_link")
    try:
        identity = state.google.identify(code, state.url(GOOGLE_CALLBACK), attempt.nonce, attempt.verifier)
        if attempt.is_proof:
            return take_proof(request, identity, attempt)
        with page_transaction(state.engine) as pg:
            account_id = find_google_account(pg, identity)
            token, viewer = begin_login(pg, account_id=account_id, clever_id=None, login_kind="google", now=state.now())
    except LoginUnanswered:
        return _refuse(request, "no_answer", 502)
    except LoginRefused as refusal:
        return _refuse(request, refusal.reason, 403)
    return _enter(state, token, viewer.landing, attempt)


def wait_for_account(page: Page) -> Response:
    """Show that the account is being made or why it cannot be made now, and go on when it is there."""
    if page.viewer.place:
        return RedirectResponse(page.viewer.landing, 303)
    query = sa.text("select account_id from roster.account_of_login('clever', :clever_id)")
    account_id = page.pg.execute(query, {"clever_id": page.session.clever_id}).scalar()
    if account_id and page.session.account_id is None:
        end = {}
        if read_viewer(page.pg, account_id, None, page.session.login_kind).role is Role.STUDENT:
            end = {"expires_at": page.session.fresh_at + STUDENT_LIFETIME.longest}
        change_session(page.pg, page.session.token_hash, account_id=account_id, **end)
        return RedirectResponse("/", 303)
    organization_id = page.session.organization_id
    stop = find_account_stop(page.pg, organization_id) if organization_id and not account_id else None
    is_late = (page.now - page.session.fresh_at).total_seconds() > PATIENCE_SECONDS
    return page.render("waiting.html", is_late=is_late, stop=page.words.text(STOPS[stop]) if stop else "")


def log_out(page: Page) -> Response:
    """End the session here, and delete the token of a Library teacher. Clever's own session stays."""
    state = state_of(page.request)
    portal = page.organization.portal_url if page.organization else None
    to = urlencode({"logged_out": state.signer.dumps(portal, salt=PORTAL) if portal else "1"})
    end_session(page.pg, page.session.token_hash, page.now)
    if page.viewer.account_id is not None:
        delete_token(page.pg, page.viewer.account_id)
    response = page.finish(f"/login?{to}", "log_out", ("account", page.viewer.account_id))
    state.clear_cookie(response, state.session_cookie)
    return response


def _read_portal(state: WebState, text: str) -> str:
    """Return the portal of the district of a person who has logged out, or Clever if it is not known.

    The address of the login carries the portal signed, because nobody is logged in and no other address may be shown.
    """
    try:
        return str(state.signer.loads(text, salt=PORTAL))
    except BadSignature:
        return str(state.settings.clever_auth_url)


def switch_place(page: Page) -> Response:
    """Act in another place of the same person, without a new login."""
    place = next((each for each in page.viewer.places if each.key == page.form.get("place")), page.place)
    change_session(page.pg, page.session.token_hash, acting=place.key)
    return page.finish("/", "switch", ("place", place.key))


def _log_in_with_clever(request: Request, code: str, attempt: Attempt) -> Response:
    state = state_of(request)

    def note(pg: Connection, session_token: str) -> None:
        _note_session(pg, code, hash_token(session_token))

    try:
        token = state.clever.exchange(code, state.url(CLEVER_CALLBACK))
        entry = enter_with_clever(state, token, note)
    except CodeRefused:
        return _refuse_code(request, code, "old_link")
    except LoginUnanswered:
        return _refuse_code(request, code, "no_answer", 502)
    except LoginRefused as refusal:
        return _refuse_code(request, code, refusal.reason, 403)
    return _enter(state, entry.session_token, entry.landing, Attempt() if entry.is_question else attempt)


def _note_session(pg: Connection, code: str, session_hash: str) -> None:
    """Note the session to which a code led, or `FAILED`. Later deliveries of the code look for it."""
    pg.execute(NOTE, {"own": hash_token(code), "session_hash": session_hash})


def _claim(request: Request, code: str, *, keeps_session: bool = False) -> bool:
    """Claim a code and end the session of this browser. Only the first delivery of a code gets True.

    Args:
        keeps_session: the login proves something to the session, and replaces none.
    """
    state = state_of(request)
    with page_transaction(state.engine) as pg:
        if pg.execute(CLAIM, {"code_hash": hash_token(code), "used_at": state.now()}).scalar() is None:
            return False
        cookie = request.cookies.get(state.session_cookie)
        if cookie and not keeps_session:
            end_session(pg, hash_token(cookie), state.now())
        return True


def _join_earlier(state: WebState, code: str, attempt: Attempt) -> Response:
    """Lead to where the first delivery of a code leads, as soon as its session exists. Otherwise start again."""
    led_to = sa.select(web_codes.c.session_hash).where(web_codes.c.code_hash == hash_token(code))
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        with page_transaction(state.engine) as pg:
            session_hash = pg.execute(led_to).scalar()
        if session_hash:
            return RedirectResponse(attempt.next, 303)
        if session_hash == FAILED:
            break
        time.sleep(LOOK_SECONDS)
    return _authorize_clever(state, Attempt(attempt.next, began=time.time()))


def _authorize_clever(state: WebState, attempt: Attempt, district_id: str | None = None) -> Response:
    url = state.clever.authorize_url(state.url(CLEVER_CALLBACK), attempt.sent_state, district_id)
    return _leave_for(state, url, attempt)


def _leave_for(state: WebState, url: str, attempt: Attempt) -> Response:
    response = RedirectResponse(url, 303)
    state.set_cookie(response, state.login_cookie, write_attempt(state, attempt), 600)
    return response


def _enter(state: WebState, token: str, landing: str, attempt: Attempt) -> Response:
    response = RedirectResponse(attempt.next if attempt.next != "/" else landing, 303)
    state.set_cookie(response, state.session_cookie, token)
    state.clear_cookie(response, state.login_cookie)
    return response


def _refuse(request: Request, reason: str, status: int = 400) -> Response:
    """Show why a login did not succeed. If it had a code, the session that the browser had before is over."""
    state = state_of(request)
    response = show_error(request, status, LOGIN_ERRORS[reason])
    state.clear_cookie(response, state.login_cookie)
    return response


def _refuse_code(request: Request, code: str, reason: str, status: int = 400) -> Response:
    """Show why the login of a code did not succeed, and note it, so that no later delivery waits for a session."""
    with page_transaction(state_of(request).engine) as pg:
        _note_session(pg, code, FAILED)
    return _refuse(request, reason, status)


def _apart(screen: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Return a screen that runs in the threads of logins."""

    async def answer(request: Request) -> Response:
        return await run_sync(screen, request, limiter=THREADS)

    return answer


ROUTES = [
    Route("/", show_start),
    Route("/login", show_login),
    Route("/login/clever", start_clever),
    Route(CLEVER_CALLBACK, _apart(finish_clever)),
    Route("/login/google", _apart(start_google)),
    Route(GOOGLE_CALLBACK, _apart(finish_google)),
    get("/login/waiting", wait_for_account, EVERYBODY),
    post("/logout", log_out, EVERYBODY),
    post("/switch", switch_place, EVERYBODY),
]
