"""How often a sync asks Clever for the connection and the district."""

from collections import Counter

import pytest
from starlette.applications import Starlette


@pytest.fixture
def received(monkeypatch):
    """How often the sandbox received a request of each path."""
    paths, answer = Counter(), Starlette.__call__

    async def count(app, scope, receive, send):
        if scope["type"] == "http":
            paths[scope["path"]] += 1
        await answer(app, scope, receive, send)

    monkeypatch.setattr(Starlette, "__call__", count)
    return paths


@pytest.mark.parametrize("mode", ["full", "auto"])
def test_sync_asks_for_connection_and_district_once(valley, quick_sync, received, mode):
    quick_sync(valley)
    received.clear()
    quick_sync(valley, mode=mode)
    assert received["/oauth/tokens"] == 1
    assert received[f"/v3.1/districts/{valley.id}"] == 1
