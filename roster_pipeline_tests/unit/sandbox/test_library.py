"""The sandbox plays Clever Library: what the token of one teacher opens, and what it does not."""

import httpx
import pytest

from roster_pipeline.sandbox.api.server import running_sandbox

CALLBACK = "http://page.example/callback"
QUERY = {"response_type": "code", "client_id": "sandbox", "redirect_uri": CALLBACK}


@pytest.fixture
def client(village):
    village.connected = False
    with running_sandbox([village]) as sandbox, httpx.Client(base_url=sandbox.url) as client:
        yield client


@pytest.fixture
def section(village):
    """A section of the village with two teachers."""
    sections = village.resources["sections"].values()
    item = next(each for each in sections if len(each["teachers"]) == 1 and each["students"])
    other = next(key for key, user in village.resources["users"].items() if "teacher" in user["roles"])
    village.put("sections", item | {"teachers": [*item["teachers"], other]})
    return village.get("sections", item["id"])


def log_in(client, user_id):
    sent = client.get("/oauth/authorize", params={**QUERY, "user": user_id}).headers["location"]
    code = httpx.URL(sent).params["code"]
    body = {"code": code, "grant_type": "authorization_code", "redirect_uri": CALLBACK}
    token = client.post("/oauth/tokens", json=body, auth=("sandbox", "sandbox")).json()["access_token"]
    client.headers["authorization"] = f"Bearer {token}"


def read(client, path):
    return [item["data"] for item in client.get(path).json()["data"]]


@pytest.mark.parametrize("place", [0, 1])
def test_a_teacher_reads_own_and_shared_sections(client, section, place):
    teacher = section["teachers"][place]
    log_in(client, teacher)
    sections = read(client, f"/v3.1/users/{teacher}/sections")

    assert section["id"] in [each["id"] for each in sections]
    assert {name for each in sections for name in each} <= {
        *("id", "name", "section_number", "teacher", "teachers", "students", "subject", "grade"),
    }


def test_a_student_has_an_initial_and_no_email(client, village, section):
    log_in(client, section["teachers"][0])
    students = read(client, f"/v3.1/sections/{section['id']}/users?role=student")

    assert {each["id"] for each in students} == set(section["students"]) & village.resources["users"].keys()
    assert {name for each in students for name in each} == {"id", "name", "roles"}
    assert all(len(each["name"].get("last", "")) <= 1 for each in students)
    assert {name for each in students for name in each["roles"]["student"]} <= {"grade"}


def test_a_list_has_one_page_of_a_hundred(client, village, section):
    village.put("sections", section | {"students": list(village.resources["users"].ids())})
    log_in(client, section["teachers"][0])
    answer = client.get(f"/v3.1/sections/{section['id']}/users?role=student&limit=1000").json()

    assert len(answer["data"]) == 100
    assert [link["rel"] for link in answer["links"]] == ["self"]
    village.library_links_next = True
    answer = client.get(f"/v3.1/users/{section['teachers'][0]}/sections").json()
    assert [link["rel"] for link in answer["links"]] == ["self", "next"]


@pytest.mark.parametrize("path", ["users", "sections", "schools", "terms", "courses", "events", "districts"])
def test_the_lists_of_a_district_are_closed(client, section, path):
    log_in(client, section["teachers"][0])
    assert client.get(f"/v3.1/{path}").status_code == 403


def test_classes_of_another_teacher_are_closed(client, village, section):
    log_in(client, section["students"][0])
    assert client.get(f"/v3.1/sections/{section['id']}/users?role=student").status_code == 403
    assert client.get(f"/v3.1/users/{section['teachers'][0]}/sections").status_code == 403
    assert client.get(f"/v3.1/users/{section['students'][0]}").status_code == 200


def test_a_district_that_connects_ends_the_lists(client, village, section):
    log_in(client, section["teachers"][0])
    village.connected = True
    assert client.get(f"/v3.1/users/{section['teachers'][0]}/sections").status_code == 403
    assert client.get("/v3.0/me").json()["data"]["district"] == village.id
