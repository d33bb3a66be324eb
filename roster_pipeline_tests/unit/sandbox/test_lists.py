"""Lists of the sandbox: envelope, paging, limits, counts and roles."""

import pytest


def links(body):
    return {link["rel"]: link["uri"] for link in body["links"]}


def ids(body):
    return [item["data"]["id"] for item in body["data"]]


def test_a_list_holds_wrapped_objects_with_their_own_uri(clever, village):
    first = clever.get("/v3.1/schools").json()["data"][0]

    assert first["data"] == village.resources["schools"][first["data"]["id"]]
    assert first["uri"] == f"/v3.1/schools/{first['data']['id']}"


def test_next_gives_every_record_once_in_ascending_order(walk, village):
    pages = list(walk("/v3.1/users?role=student&limit=50"))

    read = [key for page in pages for key in ids(page)]
    assert [len(page["data"]) for page in pages] == [50, 50, 50, 50, 50, 10]
    assert read == sorted(set(read))
    assert set(read) == {key for key, user in village.resources["users"].items() if "student" in user["roles"]}


def test_next_keeps_the_other_parameters_and_is_relative(clever):
    body = clever.get("/v3.0/users?role=student&limit=7").json()

    assert links(body)["next"] == f"/v3.0/users?role=student&limit=7&starting_after={ids(body)[-1]}"
    assert links(body)["self"] == "/v3.0/users?role=student&limit=7"


def test_prev_and_next_exist_only_where_pages_do(walk):
    pages = list(walk("/v3.1/users?role=student&limit=100"))

    assert [sorted(links(page)) for page in pages] == [
        ["next", "self"],
        ["next", "prev", "self"],
        ["prev", "self"],
    ]


def test_a_last_page_that_is_full_has_no_next(walk):
    pages = list(walk("/v3.1/users?role=student&limit=130"))

    assert [len(page["data"]) for page in pages] == [130, 130]


def test_prev_leads_back_to_the_page_before(clever, walk):
    first, second, *_ = walk("/v3.1/sections?limit=40")

    assert ids(clever.get(links(second)["prev"]).json()) == ids(first)


def test_a_page_holds_100_unless_told(clever):
    assert len(clever.get("/v3.1/users").json()["data"]) == 100


def test_a_cursor_of_a_record_that_is_gone_still_works(clever, village):
    students = ids(clever.get("/v3.1/users?role=student&limit=10").json())
    village.remove("users", students[4])

    after = ids(clever.get(f"/v3.1/users?role=student&limit=5&starting_after={students[4]}").json())

    assert after == students[5:]


def test_count_gives_a_number_and_no_records(clever, village):
    body = clever.get("/v3.1/sections?count=true").json()

    assert body == {
        "count": len(village.resources["sections"]),
        "links": [{"rel": "self", "uri": "/v3.1/sections?count=true"}],
    }


def test_a_person_of_two_roles_is_in_the_list_of_each(clever, village):
    both = {key for key, user in village.resources["users"].items() if {"teacher", "staff"} <= user["roles"].keys()}

    teachers = set(ids(clever.get("/v3.1/users?role=teacher").json()))
    staff = set(ids(clever.get("/v3.1/users?role=staff").json()))

    assert both
    assert both == teachers & staff


def test_the_district_list_is_the_district_of_the_token(clever, village):
    body = clever.get("/v3.1/districts").json()

    assert ids(body) == [village.id]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=10000", 200),
        ("limit=10001", 413),
        ("limit=0", 400),
        ("limit=many", 400),
        ("role=janitor", 400),
        ("starting_after=last", 400),
        (f"starting_after={'0' * 24}&ending_before={'f' * 24}", 400),
        ("colour=blue", 200),
    ],
)
def test_parameters_are_checked(clever, query, status):
    answer = clever.get(f"/v3.1/users?{query}")

    assert answer.status_code == status
    assert ("error" in answer.json()) is (status != 200)


def test_an_etag_is_weak_and_changes_with_the_content(clever, village):
    before = clever.get("/v3.1/schools").headers["etag"]
    again = clever.get("/v3.1/schools").headers["etag"]
    school = next(iter(village.resources["schools"].values()))
    village.put("schools", school | {"name": "Renamed School"})

    assert before.startswith('W/"')
    assert again == before
    assert clever.get("/v3.1/schools").headers["etag"] != before
