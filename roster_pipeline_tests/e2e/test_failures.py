"""Faults outside of the program: nothing changes, one line says what to do, and the next sync succeeds."""

import socket
import threading
from contextlib import contextmanager

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from roster_pipeline.errors import ProductUnusable
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.district import CLIENT_SECRET
from roster_pipeline_tests.support.gateway import refused
from roster_pipeline_tests.support.readers import (
    difference,
    execute,
    published,
    query,
    row_versions,
)
from roster_pipeline_tests.support.rule_book import expect

NO_SYNC_RUNS = "select count(*) from roster.syncs where state = 'running'"


def is_one_line_without_secrets(line, district):
    return "\n" not in line.strip() and CLIENT_SECRET not in line and district.token not in line


@pytest.fixture
def synced(valley, known_sync):
    """A district that was published once and has changed in Clever since."""
    known_sync(valley)
    section = valley.get("sections", valley.resources["sections"].ids()[0])
    valley.put("sections", section | {"name": "Changed since"})
    return valley


FAULTS = (
    ("/v3.1/sections", 0, "503"),
    ("/v3.1/users?limit=10000&role=student", 0, "drop"),
    ("/v3.1/schools", 0, "401"),
    ("/v3.1/sections", 0, "403"),
    ("/v3.1/users", 0, "html"),
    ("/v3.1/courses", 0, "cut"),
    ("/v3.1/terms", 0, "empty"),
    ("/oauth/tokens", 0, "500"),
    ("/v3.1/districts", 0, "html"),
)


def test_bad_answer_of_clever_changes_nothing_and_is_one_line(synced, clever, hasty_sync, product, subtests):
    for fault in FAULTS:
        with subtests.test(fault=fault):
            clever.go_wrong(fault)
            refused(hasty_sync, product, synced)


def test_sync_after_an_outage_publishes_all(synced, clever, sync, product):
    clever.go_wrong(("/v3.1/sections", 0, "503"))
    assert sync(synced).exit_code == 4
    clever.go_wrong(("/v3.1/sections", 1, "503"), ("/v3.1/users", 2, "drop"))
    assert sync(synced).exit_code == 0
    assert difference(expect(synced), published(product, synced.id)) == {}


def test_disconnected_district_is_reported_and_kept(synced, sync, product):
    before = row_versions(product)
    synced.connected = False
    ended = sync(synced)
    assert ended.exit_code == 4
    assert synced.id in ended.failure
    assert row_versions(product) == before
    assert query(product, NO_SYNC_RUNS) == [(0,)]


@contextmanager
def endless(url):
    """Clever behind a gateway whose `next` links of users lead back to the same page for ever."""

    def passed_on(request):
        target = f"{url}{request.url.path}?{request.url.query}"
        headers = {"authorization": request.headers.get("authorization", "")}
        answer = httpx.get(target, headers=headers)
        if not request.url.path.endswith("/users"):
            return Response(answer.content, answer.status_code, media_type="application/json")
        body = answer.json()
        after = request.query_params.get("starting_after") or body["data"][-1]["data"]["id"]
        here = f"{request.url.path}?limit=10000&role={request.query_params['role']}"
        body["links"] = [{"rel": "next", "uri": f"{here}&starting_after={after}"}]
        return JSONResponse(body)

    app = Starlette(routes=[Route("/{path:path}", passed_on)])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def test_endless_next_links_are_refused(synced, clever, sync, product, monkeypatch):
    before = row_versions(product)
    with endless(clever.url) as gateway:
        monkeypatch.setenv("ROSTER_CLEVER_API_URL", gateway)
        ended = sync(synced)
    assert ended.exit_code == 4
    assert "forward" in ended.failure
    assert row_versions(product) == before


@pytest.mark.names
def test_row_refused_by_the_product_rolls_back_and_names_nobody(synced, sync, product):
    teacher = next(user for user in synced.resources["users"].values() if "teacher" in user["roles"])
    synced.put("users", teacher | {"name": {"first": "Wilhelmina", "last": "Quackenbush"}})
    execute(product, "alter table roster.accounts add constraint nobody check (last_name <> 'Quackenbush')")
    before = row_versions(product)
    ended = sync(synced)
    assert ended.exit_code == 6
    assert is_one_line_without_secrets(ended.failure, synced)
    assert "Quackenbush" not in ended.failure
    assert row_versions(product) == before
    assert query(product, NO_SYNC_RUNS) == [(0,)]
    execute(product, "alter table roster.accounts drop constraint nobody")
    assert sync(synced).exit_code == 0
    assert difference(expect(synced), published(product, synced.id)) == {}


def test_value_refused_by_postgresql_is_no_outage(product):
    with pytest.raises(ProductUnusable) as told, transaction(product) as pg:
        pg.execute(sa.text("select :name"), {"name": "Quackenbush\0"})
    assert "before it was sent (DataError)" in str(told.value)
    assert "Quackenbush" not in str(told.value)


def test_failure_of_one_district_does_not_stop_the_other(synced, hamlet, clever, sync, product):
    before = published(product, synced.id)
    clever.go_wrong(("/v3.1/schools", 1, "401"))
    assert sync(synced).exit_code == 4
    assert sync(hamlet).exit_code == 0
    assert difference(expect(hamlet), published(product, hamlet.id)) == {}
    assert difference(before, published(product, synced.id)) == {}
