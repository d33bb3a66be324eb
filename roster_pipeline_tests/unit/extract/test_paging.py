"""Pages are followed from the first to the last, whatever the links contain."""

from __future__ import annotations

import httpx
import pytest

from roster_pipeline.errors import SourceBroken
from roster_pipeline.extract import pagination
from roster_pipeline.extract.decode import Page
from roster_pipeline.extract.lists import read_pages
from roster_pipeline.model.resources import SCHOOLS, STUDENTS
from roster_pipeline_tests.support.fake_clever import DISTRICT, FakeClever, oid, page


def read(clever: FakeClever, resource=SCHOOLS) -> list[Page]:
    with clever.client() as client:
        return list(read_pages(client.connection(DISTRICT), resource))


def linked(uri: str | None) -> FakeClever:
    """A Clever whose every page says that this is the next."""
    return FakeClever(lambda request: page([{"id": oid(1)}], uri))


def test_next_is_followed_to_the_end_even_to_an_empty_page():
    def answer(request):
        at = int(request.url.params.get("starting_after", "0"), 16)
        records = [{"id": oid(at + 1)}] if at < 2 else []
        return page(records, f"/v3.1/schools?limit=1&starting_after={oid(at + 1)}" if records else None)

    found = read(FakeClever(answer))
    assert [each.rows for each in found] == [1, 1, 0]


def test_requests_use_the_largest_page_and_one_role():
    clever = linked(None)
    read(clever, STUDENTS)
    assert str(clever.asked[0].url) == "https://api.clever.com/v3.1/users?limit=10000&role=student"


def test_next_is_picked_by_its_rel_and_not_by_its_place():
    def answer(request):
        links = [
            {"rel": "next", "uri": f"/v3.1/schools?starting_after={oid(1)}"},
            {"rel": "self", "uri": "/"},
        ]
        first = "starting_after" not in request.url.params
        return httpx.Response(200, json={"data": [], "links": links if first else links[1:]})

    assert len(read(FakeClever(answer))) == 2


@pytest.mark.parametrize("uri", [None, ""])
def test_no_address_is_no_next_page(uri):
    assert len(read(linked(uri))) == 1


@pytest.mark.parametrize(
    "uri",
    [
        "https://elsewhere.example/v3.1/schools?starting_after=5",
        "//elsewhere.example/v3.1/schools?starting_after=5",
        "http://api.clever.com/v3.1/schools?starting_after=5",
        "https://api.clever.com:8443/v3.1/schools?starting_after=5",
        "/v3.0/schools?starting_after=5",
        "/v3.1/users?starting_after=5",
        "/v3.1/schools",
        "/v3.1/schools?starting_after=",
        "https://[",
    ],
)
def test_a_next_page_elsewhere_or_without_a_cursor_is_refused(uri):
    clever = linked(uri)
    with pytest.raises(SourceBroken):
        read(clever)
    assert len(clever.asked) == 1


def test_a_next_page_that_lost_the_role_is_asked_for_with_it():
    def answer(request):
        first = "starting_after" not in request.url.params
        return page([], f"/v3.1/users?starting_after={oid(1)}" if first else None)

    clever = FakeClever(answer)
    read(clever, STUDENTS)
    assert [request.url.params["role"] for request in clever.asked] == ["student", "student"]


def test_a_next_page_that_repeats_itself_is_refused():
    clever = linked(f"/v3.1/schools?starting_after={oid(1)}")
    with pytest.raises(SourceBroken, match="forward"):
        read(clever)
    assert len(clever.asked) == 2


def test_pages_without_an_end_are_refused(monkeypatch):
    monkeypatch.setattr(pagination, "LIST_MAX_PAGES", 10)

    def answer(request):
        at = int(request.url.params.get("starting_after", "0"), 16)
        return page([], f"/v3.1/schools?starting_after={oid(at + 1)}")

    with pytest.raises(SourceBroken, match="no end"):
        read(FakeClever(answer))


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"",
        b'{"data":[{"data":{"id":"a"}}],"li',
        b'{"data":[]}',
        b'{"data":null,"links":[]}',
        b"[]",
        b'{"message":"x"}',
        b'{"count":5,"links":[]}',
        b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=lambda content: content[:20].decode(errors="replace"),
)
def test_what_is_no_page_is_refused_without_another_try(content):
    clever = FakeClever(lambda request: httpx.Response(200, content=content))
    with pytest.raises(SourceBroken, match=f"{DISTRICT}, schools"):
        read(clever)
    assert len(clever.asked) == 1
