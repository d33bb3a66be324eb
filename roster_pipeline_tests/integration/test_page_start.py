"""The Clever page without a login: health, errors, headers, and the way to Clever."""

import httpx
import pytest

from roster_pipeline.settings import read_settings
from roster_pipeline.web import create_app


@pytest.mark.anyio
async def test_page_without_a_login(environment, product, monkeypatch):
    monkeypatch.setenv("ROSTER_WEB_SECRET", "x" * 40)
    transport = httpx.ASGITransport(create_app(read_settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3001") as browser:
        answers = {
            path: await browser.get(path) for path in ("/healthz", "/readyz", "/login", "/nope", "/login/waiting")
        }
        portal = await browser.get("/auth/clever/callback?code=foreign")
        foreign = await browser.post("/logout", headers={"origin": "https://other.example"})
    assert [answer.status_code for answer in answers.values()] == [200, 200, 200, 404, 303]
    assert {answer.headers["cache-control"] for answer in answers.values()} == {"no-store"}
    assert "frame-ancestors 'none'" in answers["/login"].headers["content-security-policy"]
    assert portal.headers["location"].startswith(f"{environment['ROSTER_CLEVER_AUTH_URL']}/oauth/authorize?")
    assert "s=" not in portal.headers.get("set-cookie", "").split("login=")[0]
    assert foreign.status_code == 403


@pytest.fixture
def anyio_backend():
    return "asyncio"
