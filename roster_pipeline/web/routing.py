"""Routes of screens: `get` and `post` check the session, the role and the form, and run the screen in a transaction.

Each module of `screens` lists its routes in `ROUTES`. The checks stand here, so that no screen can forget one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import replace
from secrets import compare_digest

import sqlalchemy as sa
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Route

from roster_pipeline.product.organizations import COLUMNS, Organization
from roster_pipeline.product.tables import organizations
from roster_pipeline.web.audit import find_answer
from roster_pipeline.web.file_reads import file_turn
from roster_pipeline.web.page import Page, StaleForm
from roster_pipeline.web.rights import Role, Viewer, choose_place
from roster_pipeline.web.sessions import Session, end_session, find_session, is_idle, is_use_due, record_use
from roster_pipeline.web.state import WebState, state_of
from roster_pipeline.web.visibility import page_transaction, set_visibility

Screen = Callable[[Page], Response]
Form = dict[str, str]
Turn = Callable[[], AbstractAsyncContextManager[None]]
FIND_ORGANIZATION = sa.select(*COLUMNS).where(organizations.c.id == sa.bindparam("own"))
FORM_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class LoginRequired(Exception):
    """The request has no live session. The answer leads to the login and back to `path`."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class ScreenRoute(Route):
    """The route of a screen for some roles. Tests walk these routes, so every screen is among them."""

    def __init__(self, path: str, screen: Screen, roles: Collection[Role], *, is_act: bool, reads_file: bool) -> None:
        self.screen, self.roles, self.is_act, self.reads_file = screen, frozenset(roles), is_act, reads_file
        endpoint = _endpoint(screen, self.roles, is_act=is_act, turn=file_turn if reads_file else nullcontext)
        super().__init__(path, endpoint, methods=["POST" if is_act else "GET"], name=screen.__name__)


def get(path: str, screen: Screen, roles: Collection[Role], *, reads_file: bool = False) -> Route:
    """Return the route of a screen that only reads.

    Args:
        reads_file: the screen reads a district file, so it waits for its turn.
    """
    return ScreenRoute(path, screen, roles, is_act=False, reads_file=reads_file)


def post(path: str, screen: Screen, roles: Collection[Role], *, reads_file: bool = False) -> Route:
    """Return the route of an act. The act ends with `Page.finish`, and a second press of its form acts no more."""
    return ScreenRoute(path, screen, roles, is_act=True, reads_file=reads_file)


def _endpoint(screen: Screen, roles: frozenset[Role], *, is_act: bool, turn: Turn) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        form: Form = {}
        if is_act:
            texts = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
            # PostgreSQL stores no NUL.
            form = {name: value.replace("\0", "") for name, value in texts.items()}
        async with turn():
            return await run_in_threadpool(_run, screen, roles, request, form, is_act=is_act)

    return answer


def _run(screen: Screen, roles: frozenset[Role], request: Request, form: Form, *, is_act: bool) -> Response:
    """Open the transaction of a request, check who asks, and run the screen."""
    state = state_of(request)
    with page_transaction(state.engine) as pg:
        page = open_page(request, state, pg, form)
        has_place = page.session.account_id is None or bool(page.viewer.places)
        response = _answer(page, screen, roles, is_act=is_act) if has_place else None
        if response is None:
            end_session(pg, page.session.token_hash, page.now)
    if response is None:
        # The refusal comes after the transaction, because it would roll the end of the session back.
        raise HTTPException(403)
    if is_use_due(page.session, page.now):
        # A lock of the session's row during the screen would stop other requests of the person and a new login.
        with page_transaction(state.engine) as pg:
            record_use(pg, page.session, page.now)
    return response


def _answer(page: Page, screen: Screen, roles: frozenset[Role], *, is_act: bool) -> Response:
    """Check the role and the form of a request, and run its screen."""
    if page.viewer.role not in roles:
        raise HTTPException(403)
    if not is_act:
        return screen(page)
    if not compare_digest(page.form.get("csrf", "").encode(), page.session.csrf.encode()):
        raise HTTPException(403)
    token = page.form.get("form_token", "")
    if not FORM_TOKEN.fullmatch(token):
        raise HTTPException(400)
    if answer := find_answer(page.pg, token, page.viewer):
        return RedirectResponse(answer, 303)
    try:
        response = screen(page)
    except StaleForm as stale:
        return _show_changed(page, stale.path)
    if response.status_code < 400 and not page.is_finished:
        raise RuntimeError(f"The act {page.request.url.path} ended without Page.finish.")
    return response


def _show_changed(page: Page, path: str) -> Response:
    """Return the screen to which a stale form belongs, as it is now. If it is gone, return the first screen."""
    for each in (path, page.viewer.landing):
        scope = {**page.request.scope, "method": "GET", "path": each, "query_string": b""}
        matches = ((route, route.matches(scope)) for route in page.request.app.routes if isinstance(route, ScreenRoute))
        found = next(((route, child) for route, (match, child) in matches if match is Match.FULL), None)
        # A screen that reads a district file would have to wait for its turn.
        if found is None or found[0].reads_file or page.viewer.role not in found[0].roles:
            continue
        with suppress(HTTPException):
            response = found[0].screen(
                replace(page, request=Request({**scope, **found[1]}), form={}, is_finished=False, has_changed=True)
            )
            response.status_code = 409
            return response
    raise HTTPException(409)


def open_page(request: Request, state: WebState, pg: Connection, form: Form) -> Page:
    """Read the session and the rights of a request, and narrow its transaction to what the person may see.

    Raises:
        LoginRequired: there is no live session.
    """
    now = state.now()
    visitor = find_visitor(request, pg)
    if visitor is None:
        raise LoginRequired(request.url.path)
    session, viewer = visitor
    set_visibility(pg, viewer.visibility)
    organization = _read_organization(pg, viewer.place.organization_id) if viewer.place else None
    return Page(request, state.renderer, session, viewer, pg, organization, now, form)


def _read_organization(pg: Connection, organization_id: int) -> Organization | None:
    row = pg.execute(FIND_ORGANIZATION, {"own": organization_id}).one_or_none()
    return Organization(*row) if row else None


def find_visitor(request: Request, pg: Connection) -> tuple[Session, Viewer] | None:
    """Return the live session of a request and its person, or None. This is no use of the session."""
    state = state_of(request)
    lookup = find_session(pg, request.cookies.get(state.session_cookie, ""), state.now())
    if lookup is None:
        return None
    session, places = lookup
    viewer = choose_place(session.account_id, places, session.acting, session.login_kind)
    return None if is_idle(viewer.role, session, state.now()) else (session, viewer)
