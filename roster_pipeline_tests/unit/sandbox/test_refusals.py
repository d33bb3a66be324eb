"""Tokens, errors and the rate limit of the sandbox."""

import httpx
import pytest

from roster_pipeline.sandbox.api.server import running_sandbox
from roster_pipeline.sandbox.data.generate import DistrictSpec, generate_district

APPLICATION = ("sandbox", "sandbox")


def tokens(client, **query):
    return client.get("/oauth/tokens", params={"owner_type": "district", **query}, auth=APPLICATION).json()["data"]


def test_the_connections_name_each_district_and_its_token(clever, village):
    (entry,) = tokens(clever)

    assert entry["owner"] == {"type": "district", "id": village.id}
    assert entry["access_token"] == village.token
    assert entry["scopes"]


def test_one_connection_can_be_asked_for(clever, village):
    assert [entry["owner"]["id"] for entry in tokens(clever, district=village.id)] == [village.id]
    assert tokens(clever, district="0" * 24) == []


@pytest.mark.parametrize("auth", [None, ("sandbox", "wrong"), ("other", "sandbox")])
def test_connections_need_the_applications_credentials(clever, auth):
    clever.headers.pop("authorization")

    answer = clever.get("/oauth/tokens?owner_type=district", auth=auth)

    assert answer.status_code == 401
    assert "error" in answer.json()


def test_connections_of_another_kind_of_owner_are_refused(clever):
    assert clever.get("/oauth/tokens?owner_type=user", auth=APPLICATION).status_code == 400


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic {token}"])
def test_records_need_the_districts_token(clever, village, authorization):
    answer = clever.get("/v3.1/users", headers={"authorization": authorization.format(token=village.token)})

    assert answer.status_code == 401
    assert answer.json() == {"error": "Unrecognized token string"}


def test_a_token_reads_its_own_district_only(village):
    other = generate_district(DistrictSpec("Other Village", 1, 5, 1, 1), seed=1)
    with running_sandbox([village, other]) as sandbox, httpx.Client(base_url=sandbox.url) as client:
        client.headers["authorization"] = f"Bearer {other.token}"
        theirs = client.get("/v3.1/schools").json()["data"]
        stranger = client.get(f"/v3.1/users/{village.resources['users'].ids()[0]}")

    assert {item["data"]["district"] for item in theirs} == {other.id}
    assert stranger.status_code == 404


def test_disconnected_district_is_unlisted_and_its_token_refused(clever, village):
    village.connected = False

    assert clever.get("/v3.1/users").status_code == 401
    assert tokens(clever) == []


def test_a_rotated_token_replaces_the_old_one(clever, village):
    village.token = "rotated"

    assert clever.get("/v3.1/users").status_code == 401
    assert clever.get("/v3.1/users", headers={"authorization": "Bearer rotated"}).status_code == 200


def test_a_record_that_is_not_there_is_a_json_404(clever):
    answer = clever.get(f"/v3.1/users/{'0' * 24}")

    assert answer.status_code == 404
    assert answer.json() == {"error": "Resource not found"}


@pytest.mark.parametrize("path", ["/v3.1/students", "/v2.0/users", "/v3.1", "/", "/v3.1/schools/{school}/pupils"])
def test_an_unknown_route_is_an_html_404_with_the_limits_headers(clever, village, path):
    answer = clever.get(path.format(school=village.resources["schools"].ids()[0]))

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-ratelimit-limit"] == "1200"


def test_request_1201_of_a_minute_is_an_empty_429(village):
    now = 1_000_000.0
    bearer = {"authorization": f"Bearer {village.token}"}
    with (
        running_sandbox([village], clock=lambda: now) as sandbox,
        httpx.Client(base_url=sandbox.url, headers=bearer) as client,
    ):
        statuses = {client.get("/v3.1/districts").status_code for _ in range(1200)}
        refused = client.get("/v3.1/districts")
        now += 60
        later = client.get("/v3.1/districts")

    assert statuses == {200}
    assert (refused.status_code, refused.content) == (429, b"")
    assert refused.headers["x-ratelimit-bucket"] == "bearer"
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert refused.headers["x-ratelimit-reset"] == "1000060"
    assert (later.status_code, later.headers["x-ratelimit-remaining"]) == (200, "1199")
