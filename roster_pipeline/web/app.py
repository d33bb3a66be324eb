"""Build the application of the Clever page: its routes as a table of contents, its database and its clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from roster_pipeline.embedded import product_url
from roster_pipeline.errors import AccessRefused, SettingRefused
from roster_pipeline.product.database import connect, open_product, transaction
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.web.errors import HANDLERS
from roster_pipeline.web.headers import SecureApp
from roster_pipeline.web.library_tokens import TokenVault
from roster_pipeline.web.login.clever import CleverLogin
from roster_pipeline.web.login.google import GoogleLogin
from roster_pipeline.web.overload import POOL, check_idle_connections
from roster_pipeline.web.rendering import Renderer
from roster_pipeline.web.screens import SCREENS
from roster_pipeline.web.state import WebState, state_of
from roster_pipeline.web.visibility import page_transaction
from roster_pipeline.web.worker import PageWorker

YEAR = 31_536_000
LOGIN_SALT = "login"
"""Keeps the signature of the cookie of a login apart from other signatures."""
MAY_BE_PAGE = """
    select exists (select from pg_roles where rolname = 'roster_page' and pg_has_role(oid, 'member'))
"""


def create_app(settings: Settings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> ASGIApp:
    """Return the application of the page.

    Args:
        now: returns the current time.

    Raises:
        SettingRefused: a setting that the page needs is missing.
        ProductUnusable: the database does not answer, or its role `roster_page` is missing.
    """
    state = _make_state(settings, now)
    routes = [
        Route("/healthz", _show_health),
        Route("/readyz", _show_readiness),
        Route("/static/{hash}/{name}", _send_static),
        *(route for screen in SCREENS for route in screen.ROUTES),
    ]
    handlers: Mapping[Any, Any] = HANDLERS
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=_lifespan)
    app.state.web = state
    app.state.worker = None
    app.state.screen_paths = {route.path for route in routes}
    return SecureApp(app, settings)


def create_app_from_environment() -> ASGIApp:
    """Return the application for a worker of the server."""
    return create_app(read_settings())


def check_settings(settings: Settings) -> None:
    """Check that the page may start with these settings.

    Raises:
        SettingRefused: a setting that the page needs is missing.
    """
    needed = {
        "ROSTER_WEB_SECRET": settings.web_secret,
        "ROSTER_CLEVER_CLIENT_ID": settings.clever_client_id,
        "ROSTER_CLEVER_CLIENT_SECRET": settings.clever_client_secret,
    }
    if missing := next((name for name, value in needed.items() if not value), None):
        raise SettingRefused(f"{missing} is not set. The Clever page needs it. Set it in the environment.")
    if settings.web_google_client_id and not settings.web_google_client_secret:
        raise SettingRefused("ROSTER_WEB_GOOGLE_CLIENT_SECRET is not set. Set it, or leave out both Google settings.")


def _make_state(settings: Settings, now: Callable[[], datetime]) -> WebState:
    check_settings(settings)
    assert settings.web_secret
    secret = settings.web_secret.get_secret_value()
    return WebState(
        settings=settings,
        engine=_open_engine(settings),
        renderer=Renderer(settings),
        clever=CleverLogin(settings),
        google=GoogleLogin(settings) if settings.web_google_client_id else None,
        signer=URLSafeTimedSerializer(secret, salt=LOGIN_SALT),
        vault=TokenVault(secret),
        now=now,
    )


def _open_engine(settings: Settings) -> Engine:
    """Return the engine of the page, which may use role `roster_page`.

    Raises:
        AccessRefused: the user of the page may not use the role.
    """
    if settings.web_database_url:
        url = settings.web_database_url.get_secret_value()
        engine = connect("postgresql+psycopg" + url[url.index("://") :], setting="ROSTER_WEB_DATABASE_URL", **POOL)
    else:
        # The decisions have the connections of this engine, so that many screens do not stop them.
        setting = str(open_product(settings).get_execution_options()["setting"])
        engine = connect(product_url(settings), setting=setting, **POOL)
    check_idle_connections(engine)
    with transaction(engine) as pg:
        if not pg.execute(sa.text(MAY_BE_PAGE)).scalar_one():
            raise AccessRefused(
                "The user of the Clever page may not use the role roster_page. As an administrator of the database: "
                "grant roster_page to USER; then start the page again."
            )
    return engine


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    state: WebState = app.state.web
    app.state.worker = worker = PageWorker(state.settings, state.now)
    worker.start()
    yield
    app.state.worker = None
    await run_in_threadpool(worker.stop)
    state.clever.close()


async def _show_health(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _show_readiness(request: Request) -> Response:
    """Answer 503 if the database does not answer, or if a thread that runs decisions or updates has stopped."""

    def look() -> None:
        with page_transaction(state_of(request).engine) as pg:
            pg.execute(sa.text("select 1"))

    await run_in_threadpool(look)
    worker: PageWorker | None = request.app.state.worker
    if worker and not worker.is_alive:
        return PlainTextResponse("A thread of the page has stopped. Start this program again.", 503)
    return PlainTextResponse("ok")


async def _send_static(request: Request) -> Response:
    file = state_of(request).renderer.static_files.get(request.url.path)
    if file is None:
        return PlainTextResponse("Not found", 404)
    headers = {"cache-control": f"public, max-age={YEAR}, immutable"}
    return Response(file.content, headers=headers, media_type=file.media_type)
