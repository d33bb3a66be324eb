"""A full read of a district works over a real socket and with recorded answers of Clever."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import zstandard

from roster_pipeline.errors import SourceRefused, SourceUnreachable
from roster_pipeline.extract.lists import read_feed
from roster_pipeline.extract.pagination import LIST_MAX_PAGES
from roster_pipeline.model.resources import RESOURCES, SCHOOLS, SECTIONS, STUDENTS, TERMS
from roster_pipeline_tests.support.fake_clever import ACCESS, CUT, DISTRICT, FakeClever, body, oid, over_http, page
from roster_pipeline_tests.support.recorded import replayed

LISTS = {
    "schools": [{"id": oid(n), "name": f"School {n}"} for n in range(3)],
    "teacher": [{"id": oid(n), "name": {"first": "Ann", "last": f"{n}"}} for n in range(5)],
    "student": [{"id": oid(n), "email": f"{n}@school.example", "dob": "1/2/2010"} for n in range(2_500)],
    "sections": [{"id": oid(n), "students": [oid(1), oid(2)], "teachers": [oid(1)]} for n in range(40)],
    "terms": [],
    "courses": [{"id": oid(1), "name": "Math", "number": "1"}],
}


def give(request: httpx.Request, size: int = 1_000) -> httpx.Response:
    """The page of LISTS that the request asks for."""
    params = request.url.params
    records = LISTS[params.get("role") or request.url.path.rpartition("/")[2]]
    rest = [record for record in records if record["id"] > params.get("starting_after", "")]
    following = request.url.copy_set_param("starting_after", rest[size - 1]["id"]) if len(rest) > size else None
    return page(rest[:size], following and following.raw_path.decode())


def lines(file: Path) -> list[dict[str, object]]:
    with zstandard.open(file, "rt") as stream:
        return [json.loads(line) for line in stream]


def test_a_district_is_read_to_the_end_of_every_list(tmp_path):
    clever = FakeClever(give)
    with over_http(clever) as access, clever.client(access, over_network=True) as client:
        feed = read_feed(client, DISTRICT, tmp_path / "new")
    assert feed.district.name == "Example ISD"
    assert [(read.resource, read.rows, read.pages) for read in feed.lists] == list(
        zip(RESOURCES, (3, 5, 2_500, 40, 0, 1), (1, 1, 3, 1, 1, 1), strict=True)
    )
    students = lines(tmp_path / "new" / "students.ndjson.zst")
    assert students == [{"id": record["id"], "email": record["email"]} for record in LISTS["student"]]
    assert lines(tmp_path / "new" / "sections.ndjson.zst") == LISTS["sections"]
    assert {file.name for file in (tmp_path / "new").iterdir()} == {f"{r.name}.ndjson.zst" for r in RESOURCES}


def test_an_answer_that_was_cut_on_its_way_is_asked_for_again(tmp_path):
    def answer(request):
        cut = len(clever.asked) == 1
        return httpx.Response(200, content=body([{"id": oid(1)}]), headers=CUT if cut else {})

    clever = FakeClever(answer)
    with over_http(clever) as access, clever.client(access, over_network=True) as client:
        feed = read_feed(client, DISTRICT, tmp_path, resources=(SCHOOLS,))
    assert (feed.lists[0].rows, len(clever.asked)) == (1, 2)


def test_compressed_answers_are_read(tmp_path):
    packed = httpx.Response(200, content=gzip.compress(body([{"id": oid(1)}])), headers={"Content-Encoding": "gzip"})
    clever = FakeClever(lambda request: packed)
    with over_http(clever) as access, clever.client(access, over_network=True) as client:
        assert read_feed(client, DISTRICT, tmp_path, resources=(SCHOOLS,)).lists[0].rows == 1


def test_one_list_that_fails_fails_the_feed_and_stops_the_others(tmp_path):
    """Sections are refused while students have pages without number before them."""

    def answer(request):
        if request.url.path.endswith("sections"):
            return httpx.Response(403)
        at = int(request.url.params.get("starting_after", "0"), 16)
        return page([{"id": oid(at + 1)}], f"/v3.1/users?starting_after={oid(at + 1)}")

    clever = FakeClever(answer)
    with clever.client() as client, pytest.raises(SourceRefused, match="sections: status 403"):
        read_feed(client, DISTRICT, tmp_path, resources=(STUDENTS, SECTIONS, TERMS))
    assert len(clever.asked) < LIST_MAX_PAGES


def test_a_page_that_fails_in_the_middle_leaves_no_feed(tmp_path):
    def answer(request):
        return httpx.Response(503) if "starting_after" in request.url.params else give(request)

    with FakeClever(answer).client() as client, pytest.raises(SourceUnreachable):
        read_feed(client, DISTRICT, tmp_path)


def test_what_clever_answered_in_2023_is_read_without_a_loss(tmp_path):
    clever = replayed()
    with clever.client(replace(ACCESS, api_version="v3.0")) as client:
        feed = read_feed(client, DISTRICT, tmp_path)
    assert (feed.district.id, feed.district.state) == (DISTRICT, "running")
    assert {read.resource.name: (read.pages, read.rows) for read in feed.lists} == {
        "schools": (1, 4),
        "teachers": (3, 200),
        "students": (3, 200),
        "sections": (3, 200),
        "terms": (1, 5),
        "courses": (3, 200),
    }
    assert not any(read.rejections for read in feed.lists)


def test_nothing_private_that_clever_answered_reaches_a_file(tmp_path):
    clever = replayed()
    with clever.client(replace(ACCESS, api_version="v3.0")) as client:
        feed = read_feed(client, DISTRICT, tmp_path)
    people = (*lines(feed.lists[1].file), *lines(feed.lists[2].file))
    assert {key for person in people for key in person} <= set(STUDENTS.fields)
    assert {key for person in people for key in person.get("name", {})} == {"first", "last"}
    roles = [role for person in people for role in person.get("roles", {}).values()]
    assert {key for role in roles for key in role} == {"school", "schools", "sis_id", "grade"}
