"""The sandbox plays *Log in with Clever*: codes, tokens of people, and who they are."""

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from roster_pipeline.sandbox.api.server import running_sandbox

APPLICATION = ("sandbox", "sandbox")
CALLBACK = "http://page.example/callback"
QUERY = {"response_type": "code", "client_id": "sandbox", "redirect_uri": CALLBACK, "state": "s-1"}


@pytest.fixture
def time():
    return SimpleNamespace(now=1000.0)


@pytest.fixture
def client(village, time):
    with (
        running_sandbox([village], login_clock=lambda: time.now) as sandbox,
        httpx.Client(base_url=sandbox.url) as client,
    ):
        yield client


@pytest.fixture
def teacher(village):
    return next(user for user in village.resources["users"].values() if "teacher" in user["roles"])


def authorize(client, user_id, **more):
    answer = client.get("/oauth/authorize", params={**QUERY, "user": user_id, **more})
    assert answer.status_code == 303
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def exchange(client, code, redirect_uri=CALLBACK, auth=APPLICATION):
    body = {"code": code, "grant_type": "authorization_code", "redirect_uri": redirect_uri}
    return client.post("/oauth/tokens", json=body, auth=auth)


def log_in(client, user_id, **more):
    token = exchange(client, authorize(client, user_id, **more)["code"]).json()["access_token"]
    client.headers["authorization"] = f"Bearer {token}"


def test_the_page_of_people_leads_to_a_code_and_the_state(client, village):
    page = client.get("/oauth/authorize", params=QUERY)

    assert [page.text.count(f"({role})") for role in ("district_admin", "staff", "teacher", "student")] == [1] * 4
    assert "state=s-1" in page.text
    assert authorize(client, village.resources["users"].ids()[0])["state"] == "s-1"


def test_an_icon_of_the_portal_sends_no_state(client, teacher):
    query = {name: value for name, value in QUERY.items() if name != "state"}
    answer = client.get("/oauth/authorize", params={**query, "user": teacher["id"]})
    assert "state" not in answer.headers["location"]


def test_a_token_tells_who_the_person_is(client, village, teacher):
    log_in(client, teacher["id"])

    me = client.get("/v3.0/me").json()["data"]
    assert me == {"id": teacher["id"], "type": "user", "district": village.id, "authorized_by": "district"}
    assert client.get("/userinfo").json()["sub"] == teacher["id"]
    assert client.get(f"/v3.0/users/{teacher['id']}").json()["data"]["id"] == teacher["id"]
    assert client.get(f"/v3.0/users/{village.resources['users'].ids()[-1]}").status_code == 403
    assert client.get("/v3.0/sections").status_code == 403


def test_a_person_of_no_connected_district_logs_in_for_library(client, village, teacher):
    village.connected = False
    log_in(client, teacher["id"])
    assert client.get("/v3.0/me").json()["data"] == {"id": teacher["id"], "type": "user", "authorized_by": "teacher"}


def test_a_person_who_is_not_shared_logs_in_with_the_district(client, village):
    log_in(client, "5" * 24, district_id=village.id)

    assert client.get("/v3.0/me").json()["data"]["district"] == village.id
    assert client.get(f"/v3.0/users/{'5' * 24}").status_code == 404


def test_a_code_works_once(client, teacher):
    code = authorize(client, teacher["id"])["code"]

    assert [exchange(client, code).status_code for _ in range(2)] == [200, 400]


def test_a_code_works_for_a_minute_and_at_its_own_address(client, teacher, time):
    codes = [authorize(client, teacher["id"])["code"] for _ in range(4)]

    assert exchange(client, codes[0], auth=("sandbox", "wrong")).status_code == 401
    assert exchange(client, codes[1], redirect_uri="http://other.example/").status_code == 400
    time.now += 60
    assert exchange(client, codes[2]).status_code == 200
    time.now += 1
    assert exchange(client, codes[3]).status_code == 400


@pytest.mark.parametrize("wrong", [{"client_id": "x"}, {"response_type": "token"}, {"redirect_uri": "javascript:1"}])
def test_a_request_of_another_application_is_refused(client, wrong):
    assert client.get("/oauth/authorize", params=QUERY | wrong).status_code == 400
